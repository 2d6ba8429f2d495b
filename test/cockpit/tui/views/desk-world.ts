/*
 * A desk for drawings: a worker and a job of each kind that team and board tell apart, and the
 * details of one of each as the hub would answer them.
 */
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { sliceCells } from '../../../../cockpit/tui/views/width.ts';
import type { AttemptRow, JobDetail } from '../../../../cockpit/verbs/shapes.ts';
import { draw } from '../drawing.ts';
import { at, decision, detailOf, endedJob, job, startedJob, worker } from '../fake-hub.ts';
import { open, play, type } from '../press.ts';

const load = { cpuLoad: 2, memoryFreeBytes: 3.1 * 1024 ** 3, diskFreeBytes: 50 * 1024 ** 3 };
const team = [
  worker('alice', { state: 'working', jobs: ['J6', 'J5'], load, version: '0.1.0', aheadMs: 40 }),
  worker('bob', { state: 'lost', link: 'none', lastSeenMs: 180_000, host: '東京-mac' }),
  worker('eve', { state: 'idle', load: { ...load, cpuLoad: 0 } }),
  worker('wendy', { kind: 'staff', host: 'hub', state: 'draining' }),
];
const jobs = [
  startedJob('J6', { title: 'npm test', labels: ['nightly', 'team=core'], deadlineAt: at(-60) }),
  job('J5', { title: '日本語 🚀 build', needs: ['gpu'], deadlineAt: at(600) }),
  endedJob('J4', { title: 'uname', parent: 'J2', worker: 'eve' }),
  endedJob('J3', { title: 'uname', parent: 'J2', worker: 'bob', outcome: 'failed', exitCode: 3 }),
  endedJob('J2', {
    title: 'uname',
    kind: 'group',
    worker: null,
    outcome: 'failed',
    exitCode: null,
  }),
  endedJob('J1', { title: 'deploy', worker: 'wendy' }),
];

type Size = readonly [columns: number, rows: number];

/** The desk at this size. */
export function openDesk(columns: number, rows: number): State {
  const base = open([columns, rows], { team, jobs });
  return play(base, [{ type: 'inbox', rows: [decision('D1', { worker: 'eve', job: 'J9' })] }])
    .state;
}

/** It as text, after these keys. */
export function drawDesk(columns: number, rows: number, keys = ''): string {
  return draw(viewScreen(type(openDesk(columns, rows), keys).state));
}

/** J6 with two attempts, or one more, and two files. */
function makeDetail(count: 2 | 3): JobDetail {
  const detail = detailOf(startedJob('J6', { title: 'npm test' }));
  const [attempt] = detail.attempts;
  if (attempt === undefined) throw new Error('a job has an attempt');
  const place = { attempt: 'J6.1', sha256: 'ab' } as const;
  return {
    ...detail,
    attempts: [
      { ...attempt, outcome: 'lost', reason: 'box is gone', worker: 'bob', host: '東京-mac' },
      ...(count === 2 ? [] : [makeFailed(attempt)]),
      { ...attempt, id: `J6.${count}`, n: count },
    ],
    artifacts: [
      {
        ...place,
        index: 0,
        path: 'out/レポート.txt',
        bytes: 2048,
        state: 'here',
        receivedBytes: 2048,
        code: null,
      },
      {
        ...place,
        index: 1,
        path: 'out/b.bin',
        bytes: 4096,
        state: 'coming',
        receivedBytes: 1024,
        code: null,
      },
    ],
  };
}

/** One that ended, left its checkout and was replaced. */
function makeFailed(attempt: AttemptRow): AttemptRow {
  return {
    ...attempt,
    id: 'J6.2',
    n: 2,
    outcome: 'failed',
    exitCode: 127,
    durationMs: 725_000,
    worker: 'carol',
    host: 'ci-runner-17.eu-central.example',
    isReplaced: true,
    kept: { directory: '~/.odally/trees/J6.2', changes: 1, commits: 0 },
    receipts: { ...attempt.receipts, finishedAt: at(725) },
  };
}

/** The details of a job with two attempts and two files. */
export function drawJob(columns: number, rows: number): string {
  return drawAttempts([columns, rows], 2, '\r');
}

/** The same with so many attempts, opened by these keys. */
export function drawAttempts(size: Size, attempts: 2 | 3, keys: string): string {
  const opened = type(openDesk(...size), keys).state;
  const purpose = { for: 'detail', job: 'J6' } as const;
  const request = { verb: 'job', args: {}, purpose };
  const { state } = play(opened, [{ type: 'reply', request, value: makeDetail(attempts) }]);
  return draw(viewScreen(state));
}

/** The details of a worker that finds something wrong with itself. */
export function drawWorker(columns: number, rows: number): string {
  const opened = type(openDesk(columns, rows), ':team show eve\r').state;
  const finding = {
    id: 'disk-low',
    severity: 'error',
    seen: '12 MiB are free.',
    wanted: '64 MiB or more.',
    advice: 'Make room.',
  };
  const purpose = { for: 'worker-doctor', worker: 'eve' } as const;
  const request = { verb: 'doctor', args: {}, purpose };
  const value = { findings: [finding], fixed: [] };
  const { state } = play(opened, [{ type: 'reply', request, value }]);
  return draw(viewScreen(state));
}

/** The first cells of some rows of a picture. */
export function cut(picture: string, [from, to]: readonly [number, number], cells: number): string {
  const rows = picture.split('\n').slice(from, to);
  return rows.map((row) => sliceCells(row, 0, cells).text).join('\n');
}

/** The first rows of a picture. */
export function head(picture: string, rows: number): string {
  return picture.split('\n').slice(0, rows).join('\n');
}
