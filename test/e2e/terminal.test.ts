/*
 * A terminal on a worker's box, through real programs: what is typed, its size, its end, and the way back.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { locateProgram } from '../kit/processes.ts';
import { type OpenTerminal, openTerminal } from '../kit/terminal.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
const screens: OpenTerminal[] = [];

beforeAll(async () => {
  stage = openStage();
  await stage.up();
});

afterEach(async () => {
  for (const screen of screens.splice(0)) await screen.close();
});

afterAll(() => stage.close());

/** `wally terminal …`, and when it has ended what it did to its own terminal. */
function open(...args: readonly string[]): OpenTerminal {
  const report = join(import.meta.dirname, 'terminal-modes.ts');
  const command = [process.execPath, locateProgram('wally'), 'terminal', ...args];
  const screen = openTerminal({
    command: process.execPath,
    args: [report, stage.path('screen.pid'), ...command],
    cwd: stage.homes.root,
    env: stage.homes.hub(),
    columns: 90,
    rows: 30,
  });
  screens.push(screen);
  return screen;
}

/** How the terminal was left: the kit's report, which a narrow screen wraps. */
async function left(screen: OpenTerminal): Promise<Record<string, unknown>> {
  const lines = await screen.until((rows) => /left \{.*\}/.test(rows.join('')));
  return JSON.parse(/left (\{.*\})/.exec(lines.join(''))?.[1] ?? '{}');
}

const asBefore = {
  isAlternate: false,
  isCursorShown: true,
  isPasteBracketed: false,
  isMouseReported: false,
  isFocusReported: false,
  isEchoing: true,
  isLineEdited: true,
};

test('terminal: what is typed runs there, the size follows, and the shell’s status is ours', async () => {
  const screen = open('alice');
  await screen.until(/\[alice \(.*\): .*; ctrl-\] leaves\]/);
  screen.press('echo $((6*7))\r');
  await screen.until(/^42$/m);
  screen.press('stty size\r');
  await screen.until(/^30 90$/m);
  screen.press('until [ "$(stty size)" = "20 70" ]; do sleep 0.05; done; echo seen-$((1+1))\r');
  screen.resize(70, 20);
  await screen.until(/seen-2/);
  screen.press('exit 3\r');
  expect(await left(screen)).toEqual({ ...asBefore, status: 3, signal: null });
});

test('terminal: of a job it opens in the job’s directory', async () => {
  const { id } = await stage.dispatch('true', '--cwd', stage.homes.root);
  await stage.ended(id);
  const screen = open(id);
  await screen.until(/ctrl-\] leaves/);
  screen.press('echo "at <$(pwd)> of $WALLY_JOB"\r');
  await screen.until((rows) => rows.join('').includes(`at <${stage.homes.root}> of ${id}`));
  screen.press('\u001d');
  await screen.until(/^\[left\]$/m);
});

test('terminal: ctrl-] leaves whatever the other end does, and takes back what it did to the terminal', async () => {
  const screen = open('alice');
  await screen.until(/ctrl-\] leaves/);
  screen.press("printf '\\033[?1049h\\033[?25l\\033[?2004h\\033[?1000;1004hfu''ll'; sleep 1000\r");
  await screen.until(/full/);
  expect(screen.isAlternate).toBe(true);
  screen.press('\u001d');
  expect(await left(screen)).toEqual({ ...asBefore, status: 0, signal: null });
});

test('terminal: a flood is shown as fast as it is taken, and nobody’s memory grows', async () => {
  const screen = open('alice');
  await screen.until(/ctrl-\] leaves/);
  const pids = stage.homes.listProcesses();
  screen.press('yes\r');
  await screen.until(/^y$/m);
  await screen.until(() => screen.byteCount > 3_000_000, 40_000);
  for (const pid of pids) expect(readPeakBytes(pid)).toBeLessThan(250 * 1024 * 1024);
  screen.press('\u0003');
  screen.press('echo over-$((1+1))\r');
  await screen.until(/over-2/);
  screen.press('exit\r');
  await left(screen);
});

function readPeakBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

test('terminal: who it is, and for how long, is in both logs; what was in it is in neither', async () => {
  const screen = open('alice');
  await screen.until(/ctrl-\] leaves/);
  screen.press('echo secret-word\r');
  await screen.until(/^secret-word$/m);
  screen.press('exit\r');
  await left(screen);
  const exported = await stage.wally(['export']);
  expect(exported.stdout).toMatch(/terminal-opened[^\n]*\n(.|\n)*terminal-closed/);
  const logs = [join(stage.home, 'hub.log'), join(stage.localHome, 'odally.log')].map((file) =>
    readFileSync(file, 'utf8'),
  );
  expect(logs[0]).toMatch(/terminal-opened on alice/);
  expect(logs[1]).toMatch(/terminal \d+ opened by the hub/);
  expect(logs[1]).toMatch(/terminal \d+ closed after \d+ s/);
  expect(logs.join('') + exported.stdout).not.toMatch(/secret-word/);
});

test('terminal: without a terminal it is refused at once, and an unknown worker is named', async () => {
  const bare = await stage.wally(['terminal', 'alice', '--json']);
  expect(bare.status).toBe(2);
  expect(bare.json()).toMatchObject({ error: { code: 'TERMINAL_MISSING' } });
  const screen = open('zoe');
  expect(await left(screen)).toEqual({ ...asBefore, status: 2, signal: null });
  expect(screen.screen().join('\n')).toMatch(/WORKER_UNKNOWN/);
});

test('terminal: a box whose config forbids it says which setting it is', async () => {
  stage.configure(stage.agentEnv('shy').ODALLY_HOME ?? '', '[terminal]\nallowed = false\n');
  const { name } = await stage.join('shy');
  const screen = open(name);
  expect(await left(screen)).toMatchObject({ status: 4 });
  expect(screen.screen().join('')).toMatch(/\[terminal\] allowed = false.*TERMINAL_REFUSED/);
});

test('terminal: when the agent is killed the shell goes with it, and the asker is told and gets the terminal back', async () => {
  const { name, pid } = await stage.join('fragile');
  const screen = open(name);
  await screen.until(/ctrl-\] leaves/);
  screen.press('echo shell=$$\r');
  await screen.until(/^shell=\d+$/m);
  const shell = Number(/^shell=(\d+)$/m.exec(screen.screen().join('\n'))?.[1]);
  process.kill(pid, 'SIGKILL');
  await screen.until(/is not heard; ctrl-\] leaves/, 30_000);
  await screen.until(/TERMINAL_LOST/, 30_000);
  expect(await left(screen)).toEqual({ ...asBefore, status: 1, signal: null });
  expect(() => process.kill(shell, 0)).toThrow();
});

test('terminal: when the hub is gone the asker is told, with its status, and gets the terminal back', async () => {
  const screen = open('alice');
  await screen.until(/ctrl-\] leaves/);
  await stage.wally(['stop']);
  expect(await left(screen)).toMatchObject({ ...asBefore, status: 3 });
  expect(screen.screen().join('')).toMatch(/HUB_/);
});
