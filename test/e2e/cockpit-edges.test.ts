/*
 * The screen where things are not as usual: small terminals, no colour, no hub, a hub that dies.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Cell } from '../kit/cells.ts';
import { locateProgram } from '../kit/processes.ts';
import { type OpenTerminal, openTerminal } from '../kit/terminal.ts';
import { untilGone } from './process-state.ts';
import { openStage, type ScreenPlan, type Stage } from './stage.ts';

let stage: Stage;
let hubPid: number;
const screens: OpenTerminal[] = [];

beforeAll(async () => {
  stage = openStage();
  hubPid = (await stage.up()).hub.pid;
  // Red, and an outcome that the screen itself shows in red.
  const { id } = await stage.dispatch("printf '\\033[31mcoloured\\033[0m\\n'; exit 4");
  await stage.ended(id);
});

afterEach(async () => {
  for (const screen of screens.splice(0)) await screen.close();
});

afterAll(() => stage.close());

function open(plan: ScreenPlan, on: Stage = stage): OpenTerminal {
  const screen = on.screen(plan);
  screens.push(screen);
  return screen;
}

function listCells(screen: OpenTerminal): readonly Cell[] {
  return screen.snapshot().rows.flat();
}

function hasColour({ foreground, background }: Cell): boolean {
  return foreground.kind !== 'default' || background.kind !== 'default';
}

/** The frame is whole: its first row is the header, its last the footer, and nothing scrolled. */
function isWhole(lines: readonly string[]): boolean {
  return /^ WALLY /.test(lines[0] ?? '') && /\? help .*q quit/.test(lines.at(-1) ?? '');
}

test('screen: in 80x24 all three panes are there, one above the other', async () => {
  const screen = open({ columns: 80, rows: 24 });
  const lines = await screen.until(/│ +coloured/);
  expect(isWhole(lines)).toBe(true);
  expect(lines).toHaveLength(24);
  const titles = lines.filter((line) => line.startsWith('╭─'));
  expect(titles.map((line) => /^╭─ (\d \w+)/.exec(line)?.[1])).toEqual([
    '1 Team',
    '2 Jobs',
    '3 Log',
  ]);
  expect(lines.join('\n')).toMatch(/✗ FAILED exit 4/);
  expect(lines.every((line) => line.length < 80)).toBe(true);
});

test('screen: in 40x30 one pane has all the room, and the tabs lead to the others', async () => {
  const screen = open({ columns: 40, rows: 30 });
  const jobs = await screen.until(/J1 +✗ FAILED/);
  expect(isWhole(jobs)).toBe(true);
  // Where not all titles have room, the pane that is shown has its own.
  expect(jobs[1]).toMatch(/^ 1 +2 Jobs +3 /);
  expect(jobs.filter((line) => line.startsWith('╭─'))).toHaveLength(1);
  screen.press('1');
  expect(isWhole(await screen.until(/alice +○ idle/))).toBe(true);
  screen.press('3');
  expect(isWhole(await screen.until(/│ +coloured/))).toBe(true);
});

test('screen: a terminal that changes its size gets a whole frame of the new one', async () => {
  const screen = open({ columns: 120, rows: 40 });
  await screen.until(/│ +coloured/);
  // A frame comes in pieces, and what stands around the panes comes first.
  screen.resize(70, 20);
  await screen.until(
    (lines) =>
      lines.length === 20 &&
      isWhole(lines) &&
      lines.filter((line) => line.startsWith('╭─')).length === 3,
  );
  screen.resize(20, 6);
  await screen.until(
    (lines) => !lines.join('').includes('╭') && /too small/i.test(lines.join(' ')),
  );
  screen.resize(120, 40);
  await screen.until(
    (lines) =>
      lines.length === 40 && isWhole(lines) && /^╭─ 1 Team .*╭─ 3 Log /.test(lines[2] ?? ''),
  );
});

test('screen: a size that changed there and back unseen leaves no hole', async () => {
  const screen = open({ columns: 120, rows: 40 });
  const before = await screen.until(/│ +coloured(.|\n)*quit/);
  // Busy, as far as anybody can tell: both changes are over before it looks.
  process.kill(screen.pid, 'SIGSTOP');
  screen.resize(50, 12);
  screen.resize(120, 40);
  expect(screen.screen().join('\n')).not.toContain('coloured');
  process.kill(screen.pid, 'SIGCONT');
  await screen.until((lines) => lines.slice(1).join('\n') === before.slice(1).join('\n'));
});

test('screen: NO_COLOR leaves no cell coloured, not even in logs; without it some are', async () => {
  const plain = open({ columns: 120, rows: 40, env: { NO_COLOR: '1' } });
  await plain.until(/│ +coloured/);
  expect(listCells(plain).filter(hasColour)).toEqual([]);
  const coloured = open({ columns: 120, rows: 40 });
  await coloured.until(/│ +coloured/);
  expect(listCells(coloured).filter(hasColour).length).toBeGreaterThan(20);
});

test('screen: a hub that is killed is a banner, and the screen comes back with the hub', async () => {
  const screen = open({ columns: 120, rows: 40 });
  await screen.until(/╭─ 1 Team (.|\n)*alice +○ idle/);
  process.kill(hubPid, 'SIGKILL');
  await untilGone(hubPid);
  const gone = await screen.until(/HUB GONE/);
  expect(gone[0]).toMatch(/^ HUB GONE .*trying again/);
  expect(gone.join('\n')).toMatch(/alice/);
  screen.press('d');
  await screen.until(/d: the hub is gone; `:up` starts it/);
  hubPid = (await stage.up()).hub.pid;
  const back = await screen.until(/^ WALLY (.|\n)*alice +○ idle +(?:\d+% \S+ \S+ +)?direct/);
  expect(back.join('\n')).not.toMatch(/HUB GONE/);
  screen.press('q');
  expect(await screen.exit).toEqual({ code: 0, signal: null });
});

test('screen: leaving while the hub is gone says so, on the normal screen', async () => {
  const screen = open({ columns: 120, rows: 40 });
  await screen.until(/alice/);
  process.kill(hubPid, 'SIGKILL');
  await screen.until(/HUB GONE/);
  screen.press('q');
  expect((await screen.exit).code).toBe(3);
  expect(screen.isAlternate).toBe(false);
  expect(screen.screen().join('\n')).toMatch(/\[HUB_UNREACHABLE\]\nStart it with `wally up`/);
});

test('screen: without a hub it is started, and an empty team says what to do', async () => {
  await using fresh = openStage();
  const screen = open({ columns: 100, rows: 30 }, fresh);
  await screen.until(/No worker is paired yet/);
  await screen.until(/wally invite/);
  screen.press('q');
  expect((await screen.exit).code).toBe(0);
  expect(await fresh.ask('team')).toEqual([]);
});

test('screen: a dumb terminal gets the status report and nothing else', async () => {
  await using fresh = openStage();
  const screen = openTerminal({
    command: 'env',
    args: ['TERM=dumb', 'NO_COLOR=1', process.execPath, locateProgram('wally')],
    cwd: fresh.homes.root,
    env: fresh.homes.hub(),
    columns: 100,
    rows: 30,
  });
  screens.push(screen);
  expect((await screen.exit).code).toBe(0);
  expect(screen.isAlternate).toBe(false);
  expect(screen.screen().join('\n')).toMatch(/^Wally .*\nits key: (?:\w+ ){5}\w+\n\nNo worker/);
});
