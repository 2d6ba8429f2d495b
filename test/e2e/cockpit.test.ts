/*
 * A day at the screen: the real `wally` in a real terminal, with a real worker.
 *
 * One hub for the file and one screen for each test. What is asserted is what a person sees: text,
 * colour of cells, and how the terminal is left.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { contextTitles, keymap, listBindings } from '../../cockpit/tui/keys/keymap.ts';
import type { JobDetail, JobRow } from '../../cockpit/verbs/shapes.ts';
import type { Cell } from '../kit/cells.ts';
import { locateProgram } from '../kit/processes.ts';
import { type OpenTerminal, openTerminal } from '../kit/terminal.ts';
import { untilGone } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';
import type { TerminalLeft } from './terminal-modes.ts';

let stage: Stage;
let agentPid: number;
const screens: OpenTerminal[] = [];

beforeAll(async () => {
  stage = openStage();
  await stage.up();
  agentPid = (await stage.odally('local', ['status', '--json'])).json<{ pid: number }>().pid;
});

afterEach(async () => {
  for (const screen of screens.splice(0)) await screen.close();
});

afterAll(() => stage.close());

async function openScreen(
  size: { columns: number; rows: number } = { columns: 120, rows: 40 },
  env: Readonly<Record<string, string>> = {},
): Promise<OpenTerminal> {
  const screen = stage.screen({ ...size, env });
  screens.push(screen);
  await screen.until(/alice/);
  return screen;
}

/** Types a command into the dispatch form and sends it. */
async function dispatch(screen: OpenTerminal, command: string): Promise<void> {
  screen.press('d');
  await screen.until(/Dispatch a command/);
  screen.press(command);
  // A long command is wrapped, so only its last letters are sure to stand together.
  await screen.until((lines) => lines.some((line) => line.includes(command.slice(-6))));
  screen.press('\r');
  await screen.until((lines) => !lines.some((line) => line.includes('Dispatch a command')));
}

/** The newest job's row in the jobs pane. */
function readJobRow(lines: readonly string[]): string {
  return lines.find((line) => /^│▸ J\d+ /.test(line)) ?? '';
}

function findText(screen: OpenTerminal, text: string): readonly Cell[] {
  for (const row of screen.snapshot().rows) {
    const at = row
      .map((cell) => cell.text)
      .join('')
      .indexOf(text);
    if (at >= 0) return row.slice(at, at + text.length);
  }
  return [];
}

test('screen: a job is dispatched, its receipts move, its log has its own colours', async () => {
  const screen = await openScreen();
  await screen.until(/No job yet/);
  expect(screen.isAlternate).toBe(true);
  expect(screen.screen().find((line) => line.includes('alice'))).toMatch(
    /alice +○ idle +(?:\d+% \S+ \S+ +)?direct/,
  );
  // A worker that stands still can't accept, so that each state stays long enough to be seen.
  process.kill(agentPid, 'SIGSTOP');
  const lines = ['\\033[31mred hat\\033[0m', 'plain', '\\033[38;2;1;200;3mexact\\033[0m'];
  const command = `${lines.map((line) => `printf '${line}\\n'; sleep 0.4`).join('; ')}; exit 3`;
  await dispatch(screen, command);
  await screen.until((seen) => /J1 +●●?○{3,4} (queued|sent)/.test(readJobRow(seen)));
  process.kill(agentPid, 'SIGCONT');
  await screen.until((seen) => /J1 +●●●●○ started/.test(readJobRow(seen)));
  await screen.until(/red hat/);
  await screen.until((seen) => /J1 +✗ FAILED exit 3 · 1\.\ds/.test(readJobRow(seen)));
  await screen.until(/── ✗ FAILED exit 3 · 1\.\ds ─/);
  const red = findText(screen, 'red hat');
  expect(red).toHaveLength(7);
  for (const { foreground } of red) expect(foreground).toEqual({ kind: 'palette', index: 1 });
  expect(findText(screen, 'plain ')[0]?.foreground).toEqual({ kind: 'default' });
  expect(findText(screen, 'exact')[0]?.foreground).toEqual({ kind: 'exact', rgb: 0x01c803 });
  screen.press('\r');
  await screen.until(/outcome +✗ FAILED exit 3/);
  for (const receipt of ['queued', 'sent', 'accepted', 'started', 'finished']) {
    await screen.until(new RegExp(`● ${receipt} +\\d\\d:\\d\\d:\\d\\d`));
  }
});

test('screen: c asks before it cancels, and r tries again', async () => {
  const screen = await openScreen();
  const flag = stage.path('cancel-flag');
  await dispatch(screen, `test -e ${flag} && echo again || { touch ${flag}; sleep 300; }`);
  await screen.until((lines) => readJobRow(lines).includes('●●●●○ started'));
  const id = /J\d+/.exec(readJobRow(screen.screen()))?.[0] ?? '';
  screen.press('c');
  await screen.until(new RegExp(`Cancel ${id}\\?`));
  // A frame may come in two pieces, so its lower rows are waited for too.
  await screen.until(/▸ No, let it run/);
  screen.press('\r');
  await screen.until((lines) => !lines.join('\n').includes(`Cancel ${id}?`));
  expect((await stage.ask<JobDetail>('job', id)).attempts[0]?.isCancelRequested).toBe(false);
  screen.press('c');
  await screen.until(/▸ No, let it run/);
  screen.press('\t');
  await screen.until(new RegExp(`▸ Yes, cancel ${id}`));
  screen.press('\r');
  await screen.until((lines) => readJobRow(lines).includes('⊘ cancelled'));
  screen.press('r');
  await screen.until((lines) => readJobRow(lines).includes('✓ ok exit 0'));
  await screen.until(/│ +again/);
  expect(await stage.ask<JobDetail>('job', id)).toMatchObject({
    outcome: 'succeeded',
    attempts: [{ outcome: 'cancelled' }, { outcome: 'succeeded' }],
  });
});

test('screen: what can not be done says why', async () => {
  const screen = await openScreen();
  await screen.until((lines) => readJobRow(lines).includes('✓ ok'));
  screen.press('c');
  await screen.until(/c: J\d+ has already ended/);
});

test('screen: the help has every key of the keymap', async () => {
  // High enough for all of it at once.
  const screen = await openScreen({ columns: 120, rows: 240 });
  screen.press('?');
  await screen.until(/Here, in the jobs/);
  // All of them, not only those of here.
  screen.press('\t');
  // The footer is drawn last.
  const text = (
    await screen.until(/In a question(.|\n)*Leaving stops nothing(.|\n)*\n esc close/)
  ).join('\n');
  const rows = contextTitles.flatMap(([context]) => listBindings(context, keymap));
  expect(rows.length).toBeGreaterThan(30);
  for (const { keys, title } of rows) {
    expect(text).toContain(`│   ${keys.join(' ').padEnd(20)}${title}`);
  }
  screen.press('\x1b');
  await screen.until((lines) => !lines.join('\n').includes('Leaving stops nothing'));
});

async function openInShell(): Promise<{ screen: OpenTerminal; pid: () => number }> {
  const file = stage.path(`pid-${screens.length}-${Math.random()}`);
  const wrapper = fileURLToPath(new URL('./terminal-modes.ts', import.meta.url));
  const screen = openTerminal({
    command: process.execPath,
    args: [wrapper, file, process.execPath, locateProgram('wally')],
    cwd: stage.homes.root,
    env: stage.homes.hub(),
    columns: 120,
    rows: 40,
  });
  screens.push(screen);
  await screen.until(/alice/);
  return { screen, pid: () => Number(readFileSync(file, 'utf8')) };
}

async function readLeft(screen: OpenTerminal): Promise<TerminalLeft> {
  const lines = await screen.until(/^left \{/m);
  const at = lines.findIndex((line) => line.startsWith('left {'));
  return JSON.parse(lines.slice(at).join('').slice('left '.length));
}

const restored = {
  isAlternate: false,
  isCursorShown: true,
  isPasteBracketed: false,
  isMouseReported: false,
  isFocusReported: false,
  isEchoing: true,
  isLineEdited: true,
};

test('screen: q leaves with status 0 and the terminal as it was, and the job goes on', async () => {
  const { screen } = await openInShell();
  const gate = await stage.gate('goes-on');
  await dispatch(screen, gate.wait);
  await screen.until((lines) => readJobRow(lines).includes('●●●●○ started'));
  screen.press('q');
  expect(await readLeft(screen)).toEqual({ status: 0, signal: null, ...restored });
  const [job] = await stage.ask<readonly JobRow[]>('jobs');
  expect(job).toMatchObject({ title: gate.wait, state: 'started', outcome: null });
  await gate.open();
  expect(await stage.ended(job?.id ?? '')).toMatchObject({ outcome: 'succeeded' });
});

test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
  'screen: %s gives the terminal back',
  async (signal) => {
    const { screen, pid } = await openInShell();
    process.kill(pid(), signal);
    expect(await readLeft(screen)).toMatchObject(restored);
    await untilGone(pid());
  },
);
