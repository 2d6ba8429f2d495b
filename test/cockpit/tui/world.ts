/*
 * A small world for drawings: a worker and a job of each kind, and a log with a line of each kind.
 *
 * Drawings beside it change when this changes; add to it at the end.
 */
import type { State } from '../../../cockpit/tui/state/model.ts';
import { viewScreen } from '../../../cockpit/tui/views/screen.ts';
import { draw } from './drawing.ts';
import { at, endedJob, job, startedJob, worker } from './fake-hub.ts';
import { logWindow, row } from './log-news.ts';
import { open, play, type } from './press.ts';

/** Three workers: one works, one is silent, one is staff. */
export const team = [
  worker('alice', { state: 'working', host: 'ubuntu-1', jobs: ['J12', 'J14'] }),
  worker('bob', { state: 'stale', link: 'none', host: 'mac-mini.local', lastSeenMs: 9000 }),
  worker('wendy', { kind: 'staff', host: 'hub' }),
];
const accepted = {
  queuedAt: at(0),
  sentAt: at(0),
  acceptedAt: at(0),
  startedAt: null,
  finishedAt: null,
};
/** Seven jobs, from waiting to lost. */
export const jobs = [
  job('J15', { title: 'cargo build --release', worker: null }),
  startedJob('J14', { title: 'npm run bench "日本語テスト 🚀 name"' }),
  job('J13', { title: 'make check', worker: 'bob', state: 'accepted', receipts: accepted }),
  endedJob('J12', { title: 'git fetch --all', worker: 'wendy' }),
  endedJob('J11', {
    title: 'make -j8',
    worker: 'bob',
    outcome: 'failed',
    exitCode: 3,
    durationMs: 402,
  }),
  endedJob('J10', { title: 'sleep 600', outcome: 'cancelled', exitCode: null, durationMs: 61_000 }),
  endedJob('J9', {
    title: 'deploy',
    worker: 'bob',
    outcome: 'lost',
    reason: 'box is gone',
    exitCode: null,
    durationMs: null,
  }),
];

/** The screen with J11's log open: a line of each kind. */
export function openWorld(columns: number, rows: number): { readonly state: State } {
  const chosen = type(open([columns, rows], { team, jobs }), 'jjjj').state;
  const long =
    '\x1b[31mred\x1b[0m and a line that is longer than any pane on a small screen, and on and on and on, up to its end.';
  const lines = [
    row(0, 'compiling 日本語 🚀'),
    row(1, long),
    row(2, 'make: *** [all] Error 3', { stream: 'stderr' }),
  ];
  return { state: play(chosen, [logWindow(chosen, lines)]).state };
}

/** That screen as text, after these keys. */
export function drawWorld(columns: number, rows: number, keys = ''): string {
  const { state } = openWorld(columns, rows);
  return draw(viewScreen(type(state, keys).state));
}
