/*
 * The screen as drawings, at the sizes people have, and what it must always hold to.
 *
 * Overlays and details have drawings of their own beside this file.
 */
import { describe, expect, test } from 'vitest';
import { openState } from '../../../../cockpit/tui/state/model.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { draw } from '../drawing.ts';
import { fakeLook, job, worker } from '../fake-hub.ts';
import { logGrown, logWindow, rowsOf } from '../log-news.ts';
import { open, play, type } from '../press.ts';
import { drawWorld, jobs, openWorld, team } from '../world.ts';

describe('screen: drawn at', () => {
  test('120x24, side by side', () => {
    expect(drawWorld(120, 24)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/3  jobs 1 running 2 waiting                                                   △ bob silent
       1 Team 3  2 Jobs 7  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 1 Team ─────────────────────────────────────── 1 of 3 ─╮╭─ 3 Log J11 · bob · ✗ FAILED ─────────────────────────────╮
      │  worker  state       job           link                 ││  compiling 日本語 🚀                                     │
      │› wendy   ○ idle                    direct               ││  red and a line that is longer than any pane on a small …│
      │  alice   ● working   J14 ●●●●○ +1  direct               ││┃ make: *** [all] Error 3                                 │
      │  bob     △ stale 9s                no link              ││ ── ✗ FAILED exit 3 · 0.4s ────────────────────────────── │
      ╰─────────────────────────────────────────────────────────╯│                                                          │
      ╭─ 2 Jobs newest first ────────────────────────── 5 of 7 ─╮│                                                          │
      │  job  state                   worker  what              ││                                                          │
      │  J15  ●○○○○ queued            -       cargo build --re… ││                                                          │
      │  J14  ●●●●○ started           alice   npm run bench " … ││                                                          │
      │  J13  ●●●○○ accepted          bob     make check        ││                                                          │
      │  J12  ✓ ok exit 0 · 1.2s      wendy   git fetch --all   ││                                                          │
      │▸ J11  ✗ FAILED exit 3 · 0.4s  bob     make -j8          ││                                                          │
      │  J10  ⊘ cancelled · 1m 01s    alice   sleep 600         ││                                                          │
      │  J9   ? lost                  bob     deploy            ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      ╰─────────────────────────────────────────────────────────╯╰──────────────────────────────────────────────────────────╯
       d dispatch   enter details   c cancel   r retry   / filter   tab next pane   : verb   ? help   q quit, work goes on"
    `);
  });

  test('80x24, stacked', () => {
    expect(drawWorld(80, 24)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/3  jobs 1 running 2 waiting           △ bob silent
       1 Team 3  2 Jobs 7  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 1 Team ─────────────────────────────────────────────────────────── 1 of 3 ─╮
      │  worker  state   link    kind   host  has                                   │
      │› wendy   ○ idle  direct  staff  hub   git node npm                          │
      ╰─────────────────────────────────────────────────────────────────────────────╯
      ╭─ 2 Jobs newest first ────────────────────────────────────────────── 5 of 7 ─╮
      │  job  state                   worker  age  what                             │
      │  J15  ●○○○○ queued            -       now  cargo build --release            │
      │  J14  ●●●●○ started           alice   now  npm run bench "日本語テスト 🚀 … │
      │  J13  ●●●○○ accepted          bob     now  make check                       │
      │  J12  ✓ ok exit 0 · 1.2s      wendy   now  git fetch --all                  │
      │▸ J11  ✗ FAILED exit 3 · 0.4s  bob     now  make -j8                         │
      │  J10  ⊘ cancelled · 1m 01s    alice   now  sleep 600                        │
      │  J9   ? lost                  bob     now  deploy                           │
      ╰─────────────────────────────────────────────────────────────────────────────╯
      ╭─ 3 Log J11 · bob · ✗ FAILED ────────────────────────────────────────────────╮
      │  compiling 日本語 🚀                                                        │
      │  red and a line that is longer than any pane on a small screen, and on and …│
      │┃ make: *** [all] Error 3                                                    │
      │ ── ✗ FAILED exit 3 · 0.4s ───────────────────────────────────────────────── │
      │                                                                             │
      ╰─────────────────────────────────────────────────────────────────────────────╯
       d dispatch  enter details  c cancel  r retry  / filter  ? help  q quit"
    `);
  });

  test('40x20, one pane: jobs, then the log', () => {
    expect(drawWorld(40, 20)).toMatchInlineSnapshot(`
      " WALLY  2 up  1 run  2 wait       △ 1
       1  2 Jobs  3  4  5  6
      ╭─ 2 Jobs newest first ────── 5 of 7 ─╮
      │  job  state            what         │
      │  J15  ●○○○○ queued     cargo build… │
      │  J14  ●●●●○ started    npm run ben… │
      │  J13  ●●●○○ accepted   make check   │
      │  J12  ✓ ok exit 0      git fetch -… │
      │▸ J11  ✗ FAILED exit 3  make -j8     │
      │  J10  ⊘ cancelled      sleep 600    │
      │  J9   ? lost           deploy       │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      ╰─────────────────────────────────────╯
       d dispatch  ? help  q quit"
    `);
    expect(drawWorld(40, 20, '3')).toMatchInlineSnapshot(`
      " WALLY  2 up  1 run  2 wait       △ 1
       1  2  3 Log  4  5  6
      ╭─ 3 Log J11 · bob · ✗ FAILED ────────╮
      │  compiling 日本語 🚀                │
      │  red and a line that is longer than…│
      │┃ make: *** [all] Error 3            │
      │ ── ✗ FAILED exit 3 · 0.4s ───────── │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      ╰─────────────────────────────────────╯
       d dispatch  ? help  q quit"
    `);
  });

  test('23x8, too small', () => {
    expect(drawWorld(23, 8)).toMatchInlineSnapshot(`
      "Too small: 23x8. It
      takes 24x8. q quits.





      "
    `);
  });
});

test('screen: a lost hub takes the header and leaves the rest as it was', () => {
  const { state } = openWorld(100, 24);
  const gone = play(state, [{ type: 'link-gone', reason: 'it was killed', tryCount: 2 }]).state;
  const [banner, ...rest] = draw(viewScreen(gone)).split('\n');
  expect(banner).toBe(
    ' HUB GONE · trying again (3) · :up starts it · work goes on, q leaves · it was killed',
  );
  expect(rest.slice(0, -1)).toEqual(draw(viewScreen(state)).split('\n').slice(1, -1));
});

test('screen: an error that the last row can’t hold is shown whole above it, until a key', () => {
  const text =
    'dispatch: WORKER_UNKNOWN: There is no worker named "zed". `wally team` lists them all.';
  const { state } = openWorld(60, 18);
  const told = play(state, [{ type: 'said', level: 'bad', text }]).state;
  expect(draw(viewScreen(told)).split('\n').slice(-5)).toMatchInlineSnapshot(`
    [
      "╭─ ✗ Error ───────────────────────────────────────────────╮",
      "│ dispatch: WORKER_UNKNOWN: There is no worker named      │",
      "│ "zed". \`wally team\` lists them all.                     │",
      "╰─────────────────────────────────────────────────────────╯",
      " d dispatch  enter details  c cancel  ? help  q quit",
    ]
  `);
  const short = play(state, [{ type: 'said', level: 'bad', text: 'no such file' }]).state;
  expect(draw(viewScreen(short)).split('\n').at(-1)).toBe(' ✗ no such file');
  expect(draw(viewScreen(type(told, 'j').state))).not.toContain('✗ Error');
});

test('screen: without a hub nobody is told that nothing waits for them', () => {
  const state = open([120, 40], { team: [worker('alice')] });
  expect(draw(viewScreen(state))).toMatch(/M2 +✓ none for you/);
  const gone = play(state, [{ type: 'link-gone', reason: 'it was killed', tryCount: 0 }]).state;
  expect(draw(viewScreen(gone))).toMatch(/M2 +◌ not known/);
});

test('screen: without a hub no worker is said to be heard now', () => {
  const state = open([80, 24], { team: [worker('alice')] });
  expect(draw(viewScreen(state))).toMatch(/alice +○ idle +direct/);
  const gone = play(state, [
    { type: 'link-gone', reason: 'killed', tryCount: 0 },
    { type: 'tick', nowMs: 30_000, wallMs: 30_000 },
  ]).state;
  expect(draw(viewScreen(gone))).toMatch(/alice +○ idle 30s/);
});

test('screen: before the hub has answered it is said to be asked', () => {
  const seed = {
    ...fakeLook,
    version: '1',
    verbs: [],
    columns: 80,
    rows: 24,
    zoneMinutes: 0,
    nowMs: 0,
    wallMs: 0,
  };
  const picture = draw(viewScreen(openState(seed)));
  expect(picture.match(/Asking the hub/g)).toHaveLength(2);
  expect(picture).not.toContain('No worker');
  // What is not known yet is not shown as none, nor as well.
  const [top] = picture.split('\n');
  expect(top).toContain('workers …  jobs …');
  expect(top).not.toContain('nothing needs you');
});

test('screen: an empty world says what to do', () => {
  const picture = draw(viewScreen(open([80, 24])));
  expect(picture).toContain('No worker is paired yet.');
  expect(picture).toContain('d dispatches one.');
  expect(picture).toContain('Select a job to see its output.');
});

test('screen: new lines below a paused log are counted', () => {
  const state = open([80, 24], { team, jobs });
  const shown = play(state, [logWindow(state, rowsOf(0, 30))]).state;
  const paused = type(shown, '3k').state;
  expect(draw(viewScreen(paused))).toContain('paused, G follows');
  const later = play(paused, [logGrown(paused, rowsOf(30, 42))]).state;
  expect(draw(viewScreen(later))).toContain('12 new below, G follows');
});

test('screen: left and right scroll the log sideways', () => {
  const { state } = openWorld(80, 24);
  const right = type(type(state, '3').state, '', 'right').state;
  expect(draw(viewScreen(right))).toContain('is longer than any pane');
  expect(draw(viewScreen(type(right, '', 'left').state))).toContain('red and a line');
});

test('screen: nothing leaves the terminal, whatever its size', () => {
  const wild = [
    worker('a'.repeat(32), { host: '日本語'.repeat(20), state: 'lost', link: 'none' }),
    ...team,
  ];
  const wide = job('J1', {
    title: '日本語 🚀 \x1b[2J \n x'.repeat(9),
    reason: '🚀'.repeat(40),
    outcome: 'lost',
  });
  const lines = rowsOf(0, 20).map((line) => ({ ...line, text: '👩‍👩‍👧日'.repeat(50) }));
  for (const columns of [1, 2, 10, 23, 24, 39, 40, 59, 60, 80, 99, 100, 101, 130]) {
    for (const rows of [1, 2, 7, 8, 9, 10, 17, 18, 24, 40]) {
      const opened = open([columns, rows], { team: wild, jobs: [...jobs, wide] });
      const base = play(opened, [logWindow(opened, lines)]).state;
      for (const keys of ['', '1', '3wi', '?', 'd日本語', '3Gkkv', 'kc', '\r']) {
        const picture = draw(viewScreen(type(base, keys).state));
        expect(picture.split('\n')).toHaveLength(rows);
      }
    }
  }
});
