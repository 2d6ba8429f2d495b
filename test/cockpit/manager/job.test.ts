/*
 * The job record: its ids, its latest attempt, and what a group adds up to.
 */
import { describe, expect, test } from 'vitest';
import type { HubAttemptState } from '../../../cockpit/manager/attempt-machine.ts';
import {
  type CommandJob,
  findEnd,
  findHeldBy,
  formatAttemptId,
  type GroupJob,
  getCurrentAttempt,
  getLastAttempt,
  isEnded,
  type JobRecord,
  putAttempt,
  readJobNumber,
  splitAttemptId,
  sumOutcomes,
  sumReceipts,
} from '../../../cockpit/manager/job.ts';
import { jobRowSchema, listJob } from '../../../cockpit/manager/job-row.ts';
import { decodeValue, encodeValue } from '../../../protocol/codec.ts';
import type { CommandSpec } from '../../../protocol/model.ts';

const spec: CommandSpec = { command: ['true'], env: {}, isIdempotent: false, lostAfterMs: 1 };
const times = { queuedAt: 1 };
const end = { outcome: 'lost', at: 9, reason: 'Silence.', usage: {}, logBytes: 3 } as const;
const finished: HubAttemptState = {
  is: 'finished',
  times: { ...times, finishedAt: 9 },
  cancelAskedAt: 4,
  end,
};

const job: CommandJob = {
  kind: 'command',
  id: 'J12',
  title: 'true',
  createdAt: 1,
  parent: 'J11',
  spec: { ...spec, cwd: '/srv', deadlineMs: 5, stopAfterMs: 6 },
  targeting: { on: null, need: ['git'] },
  attempts: [
    { n: 1, worker: 'a', state: finished, expiresAt: 6 },
    { n: 2, worker: 'b', state: { is: 'queued', times } },
  ],
};
/** Instants before it was made, long after, and such as no sum gives back. */
const oddTimes: CommandJob = {
  ...job,
  createdAt: 1_700_000_000_000,
  attempts: [
    {
      n: 1,
      worker: 'a',
      state: {
        is: 'finished',
        times: { queuedAt: 0, sentAt: 1.25, acceptedAt: -8e15, startedAt: 9e15, finishedAt: 0.1 },
        end: { outcome: 'lost', at: 1e300, usage: {}, startedAt: 1_700_000_000_000.3 },
        cancelAskedAt: 1_600_000_000_000,
        replacedAt: 1_700_000_000_001,
      },
    },
  ],
};

/** With every field that a job can have. */
const full: CommandJob = {
  ...job,
  key: 'nightly',
  labels: ['a', 'b=c'],
  parent: 'J11',
  spec: {
    command: [],
    prompt: { harness: 'claude', text: 'Mend it.' },
    cwd: 'a',
    repo: { path: 'b', base: 'main' },
    env: { CI: '1' },
    secrets: ['CI'],
    deadlineMs: 5,
    isIdempotent: true,
    lostAfterMs: 6,
    stopAfterMs: 7,
    mayReplace: true,
    reconcile: 'first-finished',
    artifacts: ['*.log'],
  },
  targeting: { on: 'aa', need: ['git'] },
  attempts: [
    {
      n: 1,
      worker: 'aa',
      expiresAt: 0,
      isParked: true,
      givenSeq: 0,
      state: {
        is: 'finished',
        times: { queuedAt: 0, sentAt: 0.5, acceptedAt: 3, startedAt: 4, finishedAt: 5 },
        cancelAskedAt: 0,
        replacedAt: 7,
        end: {
          outcome: 'failed',
          at: 1_800_000_000_000,
          code: 'X',
          reason: '',
          usage: { exitCode: 0, signal: 'SIGTERM', cpuMs: 1.5, memoryBytesPeak: 9 },
          logBytes: 0,
          startedAt: 4,
          artifacts: {
            kept: [{ path: 'x', bytes: 0, sha256: 'a'.repeat(64) }],
            missed: [{ path: 'y', code: 'Z' }],
          },
          kept: { directory: '/d', changes: 0, commits: 1, note: 'n' },
        },
      },
    },
    { n: 2, worker: 'bb', state: { is: 'sent', times: { queuedAt: 9 } } },
  ],
  settledBy: 1,
};

const group: GroupJob = {
  kind: 'group',
  id: 'J11',
  title: 't',
  createdAt: 1,
  spec,
  children: ['J12'],
};

describe('job', () => {
  test('job: ids are made and taken apart', () => {
    expect(formatAttemptId('J12', 3)).toBe('J12.3');
    expect(splitAttemptId('J12.3')).toEqual({ job: 'J12', n: 3 });
    expect(readJobNumber('J12')).toBe(12);
  });

  test('job: only its latest attempt says whether it has ended', () => {
    expect(getLastAttempt(job).n).toBe(2);
    expect([findEnd(job), isEnded(job)]).toEqual([undefined, false]);
    const ended = putAttempt(job, { n: 2, worker: 'b', state: finished });
    expect([findEnd(ended), isEnded(ended)]).toEqual([end, true]);
    expect(ended.attempts).toHaveLength(2);
    expect([isEnded(group), isEnded({ ...group, ended: { outcome: 'failed', at: 2 } })]).toEqual([
      false,
      true,
    ]);
  });

  test('job: of several unended attempts the newest that was not replaced counts', () => {
    const replaced = { is: 'started', times, replacedAt: 5 } as const;
    const queued = { is: 'queued', times } as const;
    const of = (...states: readonly HubAttemptState[]): CommandJob => ({
      ...job,
      attempts: states.map((state, index) => ({ n: index + 1, worker: 'ab'[index] ?? '', state })),
    });
    expect(getCurrentAttempt(of(replaced, queued)).n).toBe(2);
    expect(getCurrentAttempt(of(queued, replaced)).n).toBe(1);
    expect(getCurrentAttempt(of(replaced, finished)).n).toBe(1);
    expect(isEnded(of(replaced, finished))).toBe(false);
    expect(findHeldBy(of(replaced, queued), 'a')?.n).toBe(1);
    expect(findHeldBy(of(finished, queued), 'a')).toBeUndefined();
  });

  test('job: the attempt that settled it says how it ended, else the last one', () => {
    const lost = { ...finished, end: { ...end, outcome: 'lost' } } as const;
    const both = putAttempt(putAttempt(job, { n: 1, worker: 'a', state: finished }), {
      n: 2,
      worker: 'b',
      state: lost,
    });
    expect(findEnd(both)?.outcome).toBe('lost');
    expect(findEnd({ ...both, settledBy: 1 })).toEqual(end);
  });

  test.each([
    [['succeeded', 'succeeded'], 'succeeded'],
    [['succeeded', 'cancelled'], 'cancelled'],
    [['cancelled', 'expired'], 'expired'],
    [['expired', 'refused'], 'refused'],
    [['refused', 'failed'], 'failed'],
    [['failed', 'lost', 'succeeded'], 'lost'],
  ] as const)('job: parts that are %j add up to %s, in any order', (parts, sum) => {
    expect(sumOutcomes(parts)).toBe(sum);
    expect(sumOutcomes(parts.toReversed())).toBe(sum);
  });

  test('job: a group has come as far as the part that is furthest behind', () => {
    expect(sumReceipts(['finished', 'sent', 'started'])).toBe('sent');
    expect(sumReceipts(['finished', 'started'])).toBe('started');
    expect(sumReceipts(['finished', 'finished'])).toBe('finished');
  });

  test.each<[string, JobRecord]>([
    ['a command job', job],
    ['a job of which all is said', full],
    ['a group of which all is said', { ...group, key: 'k', labels: ['x'], spec: full.spec }],
    ['one whose worker’s clock is far off, and gives no whole numbers', oddTimes],
    ['an open group', group],
    ['an ended group', { ...group, ended: { outcome: 'failed', at: 2 } }],
  ])('job: %s comes back from its row as it was', (_what, record) => {
    expect(jobRowSchema.parse(decodeValue(encodeValue(listJob(record))))).toEqual(record);
    // As it lay up to format 3.
    expect(jobRowSchema.parse(decodeValue(encodeValue(record)))).toEqual(record);
  });

  test('job: a list that is no job, or holds one at the wrong places, is damaged', () => {
    const [, ...fields] = listJob(job);
    for (const value of [[], [0], [1], [2], [3, ...fields], listJob(job).toReversed()]) {
      expect(jobRowSchema.safeParse(value).success).toBe(false);
    }
    // Without what its attempts are told from.
    const nameless = [2, ...fields.with(2, undefined)];
    const unasked = [2, ...fields.with(7, [null, []]).with(8, [[1, true, ['queued', [0]]]])];
    for (const value of [nameless, unasked]) {
      expect(jobRowSchema.safeParse(value).success).toBe(false);
    }
  });

  test('job: a row of format 4, which says all instants and its worker whole, is read as one of today', () => {
    const golden =
      '9b00a24a37a474727565cb4278bcfe568000009d91a474727565c20180c0c0c0c0c0c0c0c0c0c0c0c092a8616261626162616290919601a861626162616261' +
      '6295a866696e697368656495cb4278bcfe56800000cb4278bcfe56801000cb4278bcfe56802000cb4278bcfe56803000cb4278bcfe5680400099a973756363' +
      '6565646564cb4278bcfe568040009400c0c0c000cb4278bcfe56803000c0c0c0c0c0c0c0c0c0c0';
    const at = 1_700_000_000_000;
    const read = jobRowSchema.parse(decodeValue(Buffer.from(golden, 'hex')));
    expect(read).toEqual({
      ...{ kind: 'command', id: 'J7', title: 'true', createdAt: at, parent: null, spec },
      targeting: { on: 'abababab', need: [] },
      attempts: [
        {
          n: 1,
          worker: 'abababab',
          state: {
            is: 'finished',
            times: {
              ...{ queuedAt: at, sentAt: at + 1, acceptedAt: at + 2 },
              ...{ startedAt: at + 3, finishedAt: at + 4 },
            },
            end: {
              ...{ outcome: 'succeeded', at: at + 4, usage: { exitCode: 0 } },
              ...{ logBytes: 0, startedAt: at + 3 },
            },
          },
        },
      ],
    });
    // The same takes less than two thirds of it today.
    const bytes = encodeValue(listJob(read));
    expect(bytes.length).toBeLessThan((golden.length / 2) * (2 / 3));
    expect(jobRowSchema.parse(decodeValue(bytes))).toEqual(read);
  });

  test('job: a row without an attempt is damaged', () => {
    expect(jobRowSchema.safeParse({ ...job, attempts: [] }).success).toBe(false);
  });
});
