/*
 * The whole screen in one process: a hub of ours behind it, a terminal of ours in front.
 *
 * What is asserted is what a person sees and what the terminal is left as.
 */

import { expect, test } from 'vitest';
import { type CockpitEnd, type EditedText, runCockpit } from '../../../cockpit/tui/main.tsx';
import type { HandOver } from '../../../cockpit/tui/state/effects.ts';
import type { DispatchArgs } from '../../../cockpit/tui/state/form-args.ts';
import { verbs } from '../../../cockpit/verbs/registry.ts';
import { openSystemPorts, type Ports } from '../../../protocol/ports.ts';
import {
  endedJob,
  FakeHub,
  fakeLook,
  fakeStatus,
  fakeTerminalFacts,
  job,
  startedJob,
  worker,
} from './fake-hub.ts';
import { FakePorts } from './fake-ports.ts';
import { FakeTerminal } from './fake-terminal.ts';
import { row } from './log-news.ts';

interface Run {
  readonly hub: FakeHub;
  readonly terminal: FakeTerminal;
  readonly end: Promise<CockpitEnd>;
  /** What the terminal was lent for. */
  readonly lent: readonly HandOver[];
  readonly remembered: readonly DispatchArgs[];
}

function run(
  size: readonly [number, number],
  change: {
    readonly ports?: Ports;
    readonly noColor?: boolean;
    readonly problems?: readonly string[];
    readonly trouble?: string;
    readonly hub?: FakeHub;
    readonly edit?: (text: string) => EditedText;
    readonly past?: readonly DispatchArgs[];
  } = {},
): Run {
  const hub = change.hub ?? new FakeHub();
  const terminal = new FakeTerminal(...size);
  const lent: HandOver[] = [];
  const remembered: DispatchArgs[] = [];
  const end = runCockpit({
    client: hub.connect(),
    views: [{ name: '', connect: async () => hub.connect() }],
    fetch: async (_client, { path }) => `/saved/${path}`,
    ports: change.ports ?? openSystemPorts(),
    stdin: terminal.stdin,
    stdout: terminal.stdout,
    savedPath: '/nowhere',
    copyHere: async () => false,
    env: { term: 'xterm-256color' },
    inspectCockpit: async () => ({ terminal: fakeTerminalFacts, findings: [], fixed: [] }),
    ...fakeLook,
    screen: { ...fakeLook.screen, theme: change.noColor === true ? 'mono' : 'ansi-16' },
    problems: change.problems ?? [],
    handOver: async (_client, what) => {
      lent.push(what);
      return change.trouble;
    },
    editText: async ({ text }) => change.edit?.(text) ?? { text },
    startHub: async () => 'the hub is up (pid 1)',
    past: {
      read: async () => change.past ?? [],
      add: async (entry) => void remembered.push(entry),
    },
    version: '0.1.0',
    verbs,
  });
  return { hub, terminal, end, lent, remembered };
}

function fill(hub: FakeHub, jobs = [endedJob('J1')]): void {
  hub.watch({ type: 'hub', hub: fakeStatus });
  hub.watch({ type: 'team', team: [worker('alice')] });
  hub.watch({ type: 'jobs', jobs });
}

/** The terminal as a shell wants it back. */
function expectRestored(terminal: FakeTerminal): void {
  expect(terminal.buffer).toBe('normal');
  expect(terminal.isRaw).toBe(false);
  expect(terminal.isPasteBracketed).toBe(false);
  expect(terminal.written.lastIndexOf('\x1b[?25h')).toBeGreaterThan(
    terminal.written.lastIndexOf('\x1b[?25l'),
  );
}

test('cockpit: a job is dispatched by keys, its receipts and log are seen, help opens, q quits', async () => {
  const { hub, terminal, end } = run([120, 30]);
  hub.answer = ({ verb }) => (verb === 'dispatch' ? job('J2', { title: 'make' }) : {});
  fill(hub);
  await terminal.until('1 of 1');
  expect(terminal.buffer).toBe('alternate');
  expect(terminal.isRaw).toBe(true);

  terminal.type('dmake\r');
  await terminal.until('Log J2');
  expect(hub.calls).toEqual([{ verb: 'dispatch', args: { command: ['make'] } }]);
  hub.watch({ type: 'job', job: job('J2', { title: 'make' }) });
  await terminal.until('●○○○○ queued');
  hub.watch({ type: 'job', job: startedJob('J2', { title: 'make' }) });
  await terminal.until('●●●●○ started');
  hub.log('J2', row(0, 'cc \x1b[2J\x1b[32mmain.c\x1b[0m'));
  hub.log('J2', row(1, 'a warning', { stream: 'stderr' }));
  await terminal.until('┃ a warning');
  expect(terminal.text).toContain('cc main.c');
  hub.watch({
    type: 'job',
    job: endedJob('J2', { title: 'make', outcome: 'failed', exitCode: 3 }),
  });
  await terminal.until('── ✗ FAILED exit 3 · 1.2s');

  terminal.type('?');
  await terminal.until('Everywhere');
  terminal.type('\x1b');
  await terminal.until((text) => !text.includes('Everywhere'));
  terminal.type('q');
  expect(await end).toEqual({ reason: 'quit' });
  expectRestored(terminal);
  expect(hub.streams).toEqual([]);
});

test('cockpit: ctrl-c leaves from the form and restores the terminal', async () => {
  const { hub, terminal, end } = run([80, 24]);
  fill(hub);
  await terminal.until('1 of 1');
  terminal.type('d');
  await terminal.until('Dispatch a command');
  terminal.type('\x03');
  expect(await end).toEqual({ reason: 'quit' });
  expectRestored(terminal);
});

test('cockpit: a closed terminal ends the screen', async () => {
  const { terminal, end } = run([80, 24]);
  await terminal.until('WALLY');
  terminal.stdin.emit('end');
  expect(await end).toEqual({ reason: 'quit' });
});

test('cockpit: a lost hub is said, what is known stays, and q tells why', async () => {
  const ports = new FakePorts();
  const { hub, terminal, end } = run([80, 24], { ports });
  fill(hub);
  ports.advance(34);
  await terminal.until('J1');
  hub.die('it was killed');
  await terminal.until('HUB GONE');
  expect(terminal.text).toContain('J1');
  terminal.type('q');
  expect(await end).toEqual({ reason: 'hub-gone', message: 'it was killed' });
  expectRestored(terminal);
});

test('cockpit: when the hub is back the screen goes on', async () => {
  const ports = new FakePorts();
  const { hub, terminal, end } = run([80, 24], { ports });
  fill(hub);
  ports.advance(34);
  hub.die('it was killed');
  await terminal.until('HUB GONE');
  ports.advance(1000);
  await terminal.until('the hub is back');
  fill(hub, [job('J7')]);
  ports.advance(34);
  await terminal.until('J7');
  expect(terminal.text).not.toContain('HUB GONE');
  terminal.type('q');
  expect(await end).toEqual({ reason: 'quit' });
});

test('cockpit: every size is drawn exactly, without a row or column too many', async () => {
  const { hub, terminal, end } = run([120, 30]);
  fill(hub);
  await terminal.until('1 of 1');
  for (const [columns, rows] of [
    [80, 24],
    [40, 30],
    [130, 40],
    [20, 5],
    [100, 20],
  ] as const) {
    terminal.resize(columns, rows);
    const isDrawn = (text: string) => {
      const lines = text.split('\n');
      if (columns === 20) return text.startsWith('Too small: 20x5');
      return (
        lines[0]?.startsWith(' WALLY') === true &&
        lines[1]?.startsWith(' 1') === true &&
        lines.every((line) => line.length < columns) &&
        lines.at(-1)?.startsWith(' d dispatch') === true &&
        lines.at(-2)?.endsWith('╯') === true
      );
    };
    await terminal.until(isDrawn);
  }
  terminal.type('q');
  await end;
});

test('cockpit: nothing is written while nothing changes', async () => {
  const ports = new FakePorts();
  const { hub, terminal, end } = run([120, 30], { ports });
  fill(hub);
  ports.advance(34);
  await terminal.until('1 of 1');
  const before = terminal.written.length;
  fill(hub);
  ports.advance(30_000);
  terminal.type('x');
  terminal.type('j');
  await new Promise((resolve) => setImmediate(resolve));
  expect(terminal.written.length).toBe(before);
  terminal.type('?');
  await terminal.until('Everywhere');
  expect(terminal.written.length).toBeGreaterThan(before);
  terminal.type('\x1b');
  await terminal.until((text) => !text.includes('Everywhere'));
  terminal.type('q');
  await end;
});

test('cockpit: pasted text goes into the form as text, its line end sends nothing', async () => {
  const { hub, terminal, end } = run([80, 24]);
  fill(hub);
  await terminal.until('1 of 1');
  expect(terminal.isPasteBracketed).toBe(true);
  terminal.type('d');
  await terminal.until('Dispatch a command');
  terminal.type('\x1b[200~echo \x1b[2Jhi\nls\n\x1b[201~');
  await terminal.until((text) => /echo hi +│.*\n.*ls /.test(text));
  expect(hub.calls).toEqual([]);
  terminal.type('\x03\x03');
  await end;
});

test('cockpit: a burst that no hand types is a paste, also without brackets', async () => {
  const { hub, terminal, end } = run([80, 24]);
  fill(hub);
  await terminal.until('1 of 1');
  // As macOS gives it, whose terminals hand on so many at once at most.
  terminal.type('q'.repeat(1022));
  await terminal.until('pasted text goes into the dispatch form');
  terminal.type('d');
  await terminal.until('Dispatch a command');
  terminal.type(`${'echo hi\r'.repeat(300)}`);
  await terminal.until('↑');
  expect(hub.calls).toEqual([]);
  terminal.type('\x03\x03');
  await end;
});

test('cockpit: the form’s command goes to the editor and back, is sent, and is remembered', async () => {
  const past = [{ command: ['make old'] }];
  const edit = (text: string) => ({ text: `${text}\nls -l\n` });
  const { hub, terminal, end, remembered } = run([100, 30], { past, edit });
  hub.answer = () => job('J2');
  fill(hub);
  await terminal.until('1 of 1');
  terminal.type('d\x1b[A');
  await terminal.until('earlier 1');
  terminal.type('\x0f');
  await terminal.until((text) => /make old +│.*\n.*ls -l /.test(text));
  expect(terminal.buffer).toBe('alternate');
  terminal.type('\x1b\rpwd');
  await terminal.until((text) => /ls -l +│.*\n.*pwd /.test(text));
  terminal.type('\r');
  await terminal.until('J2: queued');
  expect(hub.calls).toContainEqual({
    verb: 'dispatch',
    args: { command: ['make old\nls -l\npwd'] },
  });
  expect(remembered).toEqual([{ command: ['make old\nls -l\npwd'] }]);
  terminal.type('q');
  await end;
});

test('cockpit: an editor that fails is said, and the form is as it was', async () => {
  const { hub, terminal, end } = run([100, 30], { edit: () => ({ trouble: 'vi ended badly' }) });
  fill(hub);
  await terminal.until('1 of 1');
  terminal.type('dls\x0f');
  terminal.type('\x0f');
  await terminal.until('vi ended badly');
  expect(terminal.text).toContain('▸command    ls');
  terminal.type('\x03\x03');
  await end;
});

test('cockpit: ctrl-l draws everything again', async () => {
  const { hub, terminal, end } = run([80, 24]);
  fill(hub);
  await terminal.until('── ✓ ok');
  const picture = terminal.text;
  const before = terminal.written.length;
  terminal.type('\x0c');
  await terminal.until((text) => terminal.written.length > before + 1000 && text === picture);
  terminal.type('q');
  expect(await end).toEqual({ reason: 'quit' });
  expectRestored(terminal);
});

test('cockpit: with NO_COLOR no colour is written, also not from a log', async () => {
  const { hub, terminal, end } = run([120, 30], { noColor: true });
  fill(hub, [startedJob('J1')]);
  await terminal.until('1 of 1');
  hub.log('J1', row(0, '\x1b[1;31mred\x1b[0m \x1b[48;5;9mfilled\x1b[0m'));
  await terminal.until('red filled');
  terminal.type('q');
  await end;
  const colours = [...terminal.written.matchAll(/\x1b\[([\d;]*)m/g)]
    .flatMap(([, codes = '']) => codes.split(';').map(Number))
    // 39 and 49 take colours away.
    .filter((code) => code >= 30 && code !== 39 && code !== 49);
  expect(colours).toEqual([]);
  expect(terminal.written).toContain('\x1b[1m');
});

test('cockpit: a terminal that can not place text is refused with a code', async () => {
  const terminal = new FakeTerminal(80, 24);
  const options = {
    client: new FakeHub().connect(),
    views: [],
    fetch: async () => '',
    ports: new FakePorts(),
    stdin: terminal.stdin,
    stdout: terminal.stdout,
    savedPath: '/nowhere',
    copyHere: async () => false,
    version: '0.1.0',
    verbs,
    ...fakeLook,
    inspectCockpit: async () => ({ terminal: fakeTerminalFacts, findings: [], fixed: [] }),
    problems: [],
    handOver: async () => undefined,
    editText: async ({ text }: { readonly text: string }) => ({ text }),
    startHub: async () => '',
    past: { read: async () => [], add: async () => undefined },
  };
  await expect(runCockpit({ ...options, env: { term: 'dumb' } })).rejects.toMatchObject({
    code: 'TERMINAL_MISSING',
  });
  expect(terminal.written).toBe('');
});

test('cockpit: o lends the terminal to a pager, t to a shell, and the screen comes back', async () => {
  const { hub, terminal, end, lent } = run([100, 24], { trouble: 'less ended with status 1' });
  fill(hub);
  await terminal.until('J1');
  terminal.type('o');
  await terminal.until('less ended with status 1');
  terminal.type('1');
  await terminal.until((text) => !text.includes('less ended'));
  terminal.type('t');
  await terminal.until('less ended with status 1');
  expect(lent).toEqual([
    { for: 'pager', job: 'J1' },
    { for: 'terminal', target: 'alice' },
  ]);
  expect(terminal.buffer).toBe('alternate');
  terminal.type('q');
  expect(await end).toEqual({ reason: 'quit' });
});

test('cockpit: what is wrong with its configuration is said, and stays until a key', async () => {
  const { hub, terminal, end } = run([100, 24], { problems: ['KEYS_INVALID: no such command'] });
  fill(hub);
  await terminal.until('KEYS_INVALID: no such command');
  terminal.type('j');
  await terminal.until((text) => !text.includes('KEYS_INVALID'));
  terminal.type('q');
  await end;
});
