/*
 * The log pane as it is drawn, at the four sizes: one log with everything that a line can have, and
 * two logs as one.
 */
import { describe, expect, test } from 'vitest';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { draw } from '../drawing.ts';
import { startedJob, worker } from '../fake-hub.ts';
import { logWindow, row } from '../log-news.ts';
import { open, play, type } from '../press.ts';

const team = [worker('alice'), worker('bob')];

/** A search is done, a line is marked, times are shown; one line is an error, one goes on and on. */
function openViewer(columns: number, rows: number): State {
  const opened = open([columns, rows], { team, jobs: [startedJob('J1', { title: 'make' })] });
  const lines = [
    row(0, 'compiling 日本語 🚀 with \x1b[32mcolour\x1b[0m'),
    row(1, 'make: *** [all] Error 3', { stream: 'stderr' }),
    row(2, '', { stream: 'gap', bytes: 5_000_000 }),
    row(3, `a long line: ${'0123456789'.repeat(30)}`, { isCut: true, bytes: 5_000_000 }),
    ...Array.from({ length: 40 }, (_, n) => row(4 + n, `step ${n} of 40`)),
  ];
  const shown = play(opened, [logWindow(opened, lines)]).state;
  const searched = type(type(shown, '3zgi ').state, '/error\r').state;
  const { token } = searched.log;
  return play(searched, [
    { type: 'log-count', token, hits: [{ log: 0, offset: 100 }], count: 1, isDone: true },
  ]).state;
}

/** Two jobs that run at once. */
function openMerged(columns: number, rows: number): State {
  const jobs = [startedJob('J1'), startedJob('J2', { worker: 'bob' })];
  const opened = type(open([columns, rows], { team, jobs }), '  3z').state;
  const lines = Array.from({ length: 12 }, (_, n) =>
    row(n, n % 3 === 1 ? `bob does ${n}` : `alice does ${n}`, { log: n % 3 === 1 ? 1 : 0 }),
  );
  return play(opened, [logWindow(opened, lines)]).state;
}

function picture(state: State, rows?: number): string {
  return draw(viewScreen(state)).split('\n').slice(0, rows).join('\n');
}

describe('log: drawn at', () => {
  test('200x60', () => {
    expect(picture(openViewer(200, 60), 9)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/2  jobs 1 running 0 waiting                                                                                                                                              …
       1 Team 2  2 Jobs 1  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 3 Log J1 · alice · ●●●●○ started ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── 1 hit · paused, G follows ─╮
      │◆ 12:00:00.000 compiling 日本語 🚀 with colour                                                                                                                                                       │
      │┃ 12:00:01.000 make: *** [all] Error 3                                                                                                                                                               │
      │  12:00:02.000 ── 4.8 MiB of output fell out here ──                                                                                                                                                 │
      │  12:00:03.000 a long line: 012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567…│
      │  12:00:04.000 step 0 of 40                                                                                                                                                                          │
      │  12:00:05.000 step 1 of 40                                                                                                                                                                          │"
    `);
  });

  test('120x40', () => {
    expect(picture(openViewer(120, 40), 9)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/2  jobs 1 running 0 waiting                                                              …
       1 Team 2  2 Jobs 1  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 3 Log J1 · alice · ●●●●○ started ────────────────────────────────────────────────────── 1 hit · paused, G follows ─╮
      │◆ 12:00:00.000 compiling 日本語 🚀 with colour                                                                       │
      │┃ 12:00:01.000 make: *** [all] Error 3                                                                               │
      │  12:00:02.000 ── 4.8 MiB of output fell out here ──                                                                 │
      │  12:00:03.000 a long line: 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567…│
      │  12:00:04.000 step 0 of 40                                                                                          │
      │  12:00:05.000 step 1 of 40                                                                                          │"
    `);
  });

  test('80x24', () => {
    expect(picture(openViewer(80, 24))).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/2  jobs 1 running 0 waiting                      …
       1 Team 2  2 Jobs 1  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 3 Log J1 · alice · ●●●●○ started ────────────── 1 hit · paused, G follows ─╮
      │◆ 12:00:00.000 compiling 日本語 🚀 with colour                               │
      │┃ 12:00:01.000 make: *** [all] Error 3                                       │
      │  12:00:02.000 ── 4.8 MiB of output fell out here ──                         │
      │  12:00:03.000 a long line: 012345678901234567890123456789012345678901234567…│
      │  12:00:04.000 step 0 of 40                                                  │
      │  12:00:05.000 step 1 of 40                                                  │
      │  12:00:06.000 step 2 of 40                                                  │
      │  12:00:07.000 step 3 of 40                                                  │
      │  12:00:08.000 step 4 of 40                                                  │
      │  12:00:09.000 step 5 of 40                                                  │
      │  12:00:10.000 step 6 of 40                                                  │
      │  12:00:11.000 step 7 of 40                                                  │
      │  12:00:12.000 step 8 of 40                                                  │
      │  12:00:13.000 step 9 of 40                                                  │
      │  12:00:14.000 step 10 of 40                                                 │
      │  12:00:15.000 step 11 of 40                                                 │
      │  12:00:16.000 step 12 of 40                                                 │
      │  12:00:17.000 step 13 of 40                                                 │
      │  12:00:18.000 step 14 of 40                                                 │
      ╰─────────────────────────────────────────────────────────────────────────────╯
       d dispatch  enter details  c cancel  r retry  / search  ? help  q quit"
    `);
  });

  test('40x30, wrapped', () => {
    expect(picture(type(openViewer(40, 30), 'w').state)).toMatchInlineSnapshot(`
      " WALLY  2 up  1 run  0 wait          …
       1  2  3 Log  4  5  6
      ╭─ 3 Log J1 · alice · ●●●●○ started ──╮
      │◆ 12:00:00 compiling 日本語 🚀 with c│
      │           olour                     │
      │┃ 12:00:01 make: *** [all] Error 3   │
      │  12:00:02 ── 4.8 MiB of output fell…│
      │  12:00:03 a long line: 0123456789012│
      │           34567890123456789012345678│
      │           90123456789012345678901234│
      │           56789012345678901234567890│
      │           12345678901234567890123456│
      │           78901234567890123456789012│
      │           34567890123456789012345678│
      │           90123456789012345678901234│
      │           56789012345678901234567890│
      │           12345678901234567890123456│
      │           78901234567890123456789012│
      │           34567890123456789012345678│
      │           9 …                       │
      │  12:00:04 step 0 of 40              │
      │  12:00:05 step 1 of 40              │
      │  12:00:06 step 2 of 40              │
      │  12:00:07 step 3 of 40              │
      │  12:00:08 step 4 of 40              │
      │  12:00:09 step 5 of 40              │
      │  12:00:10 step 6 of 40              │
      │  12:00:11 step 7 of 40              │
      ╰─────────────────────────────────────╯
       d dispatch  ? help  q quit"
    `);
  });

  test('two logs as one at 200x60', () => {
    expect(picture(openMerged(200, 60), 8)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/2  jobs 2 running 0 waiting                                                                                                                                              …
       1 Team 2  2 Jobs 2  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 3 Log J1 J2 · by time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╮
      │  alice alice does 0                                                                                                                                                                                 │
      │  bob   bob does 1                                                                                                                                                                                   │
      │  alice alice does 2                                                                                                                                                                                 │
      │  alice alice does 3                                                                                                                                                                                 │
      │  bob   bob does 4                                                                                                                                                                                   │"
    `);
  });

  test('two logs as one at 120x40', () => {
    expect(picture(openMerged(120, 40), 8)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/2  jobs 2 running 0 waiting                                                              …
       1 Team 2  2 Jobs 2  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 3 Log J1 J2 · by time ─────────────────────────────────────────────────────────────────────────────────────────────╮
      │  alice alice does 0                                                                                                 │
      │  bob   bob does 1                                                                                                   │
      │  alice alice does 2                                                                                                 │
      │  alice alice does 3                                                                                                 │
      │  bob   bob does 4                                                                                                   │"
    `);
  });

  test('two logs as one at 80x24', () => {
    expect(picture(openMerged(80, 24), 8)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/2  jobs 2 running 0 waiting                      …
       1 Team 2  2 Jobs 2  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 3 Log J1 J2 · by time ─────────────────────────────────────────────────────╮
      │  alice alice does 0                                                         │
      │  bob   bob does 1                                                           │
      │  alice alice does 2                                                         │
      │  alice alice does 3                                                         │
      │  bob   bob does 4                                                           │"
    `);
  });

  test('two logs of one worker are told apart by their jobs', () => {
    const state = openMerged(80, 24);
    const sources = state.log.sources.map((source) => ({ ...source, worker: 'alice' }));
    const text = picture({ ...state, log: { ...state.log, sources } });
    expect(text).toContain('alice J1 alice does 0');
    expect(text).toContain('alice J2 bob does 1');
  });

  test('two logs as one at 40x30, with times and lines chosen', () => {
    expect(picture(type(openMerged(40, 30), 'givjj').state)).toMatchInlineSnapshot(`
      " WALLY  2 up  2 run  0 wait          …
       1  2  3 Log  4  5  6
      ╭─ 3 Log J1 J2 · by time ── y copies ─╮
      │  12:00:00 alice alice does 0        │
      │  12:00:01 bob   bob does 1          │
      │▸ 12:00:02 alice alice does 2        │
      │  12:00:03 alice alice does 3        │
      │  12:00:04 bob   bob does 4          │
      │  12:00:05 alice alice does 5        │
      │  12:00:06 alice alice does 6        │
      │  12:00:07 bob   bob does 7          │
      │  12:00:08 alice alice does 8        │
      │  12:00:09 alice alice does 9        │
      │  12:00:10 bob   bob does 10         │
      │  12:00:11 alice alice does 11       │
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
      │                                     │
      │                                     │
      ╰─────────────────────────────────────╯
       d dispatch  ? help  q quit"
    `);
  });
});
