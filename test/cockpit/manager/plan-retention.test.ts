/*
 * What may be forgotten: by age or by count, from the oldest on, and never what is still of use.
 */
import { describe, expect, test } from 'vitest';
import type { CommandJob, GroupJob } from '../../../cockpit/manager/job.ts';
import {
  countOldEvents,
  judgeJob,
  judgeLogs,
  type KeepPolicy,
} from '../../../cockpit/manager/plan-retention.ts';
import { spec } from '../hub/hub-bench.ts';

const policy: KeepPolicy = {
  jobsMs: 100,
  jobsMax: 10,
  logsMs: 50,
  logsBytesMax: 1000,
  isLogsArchived: false,
  journalMs: 100,
  journalMax: 5,
};
const few = { jobs: 10, logBytes: 1000 };

function job(fields: Partial<CommandJob> = {}, queuedAt = 0): CommandJob {
  const end = { outcome: 'succeeded', at: 1, usage: {} } as const;
  const state = { is: 'finished', times: { queuedAt }, end } as const;
  return {
    kind: 'command',
    id: 'J1',
    title: 't',
    createdAt: 0,
    parent: null,
    spec,
    targeting: { on: null, need: [] },
    attempts: [{ n: 1, worker: 'a', state }],
    ...fields,
  };
}

const openJob = job({
  attempts: [{ n: 1, worker: 'a', state: { is: 'queued', times: { queuedAt: 0 } } }],
});

function group(endedAt?: number): GroupJob {
  const ended = endedAt === undefined ? {} : { ended: { outcome: 'lost', at: endedAt } as const };
  return { kind: 'group', id: 'J9', title: 't', createdAt: 0, spec, children: ['J1'], ...ended };
}

function judge(
  row: Partial<Parameters<typeof judgeJob>[0]>,
  { now = 1000, jobs = few.jobs, asked = [] as `J${number}`[] } = {},
) {
  const whole = { at: 0, job: job(), group: undefined, ...row };
  return judgeJob(whole, { policy, now, counts: { ...few, jobs }, asked: new Set(asked) });
}

describe('retention of jobs', () => {
  test('retention: a job goes once it is over its age, not at it', () => {
    expect(judge({ at: 900 })).toBe('stop');
    expect(judge({ at: 899 })).toBe('forget');
  });

  test('retention: over the count the oldest goes, however young', () => {
    expect(judge({ at: 999 }, { jobs: 11 })).toBe('forget');
    expect(judge({ at: 999 }, { jobs: 10 })).toBe('stop');
  });

  test('retention: a row of a job that is open again, or ended later, says nothing', () => {
    expect(judge({ job: openJob })).toBe('drop-row');
    expect(judge({ at: 5, job: job({}, 6) })).toBe('drop-row');
    expect(judge({ at: 5, job: group(6) })).toBe('drop-row');
    expect(judge({ job: undefined })).toBe('drop-row');
  });

  test('retention: a part goes with its group, and stays while that is open', () => {
    expect(judge({ group: group() })).toBe('stay');
    expect(judge({ group: group(3) })).toBe('drop-row');
    expect(judge({ job: group(0) })).toBe('forget');
    // Its group is gone for some reason: then it is a job like any other.
    expect(judge({ job: job({ parent: 'J9' }) })).toBe('forget');
  });

  test('retention: what a decision waits for stays, a group for its parts too', () => {
    expect(judge({}, { asked: ['J1'] })).toBe('stay');
    expect(judge({ job: group(0) }, { asked: ['J1'] })).toBe('stay');
    expect(judge({}, { asked: ['J2'] })).toBe('forget');
  });
});

describe('retention of logs', () => {
  const row = { at: 0, job: job(), group: undefined };
  const parts = { policy, now: 1000, counts: few };

  test('retention: logs go by their own age, by that of jobs where it is less, and by bytes', () => {
    expect(judgeLogs({ ...row, at: 950 }, parts)).toBe('stop');
    expect(judgeLogs({ ...row, at: 949 }, parts)).toBe('forget');
    const short = { ...parts, policy: { ...policy, jobsMs: 10 } };
    expect(judgeLogs({ ...row, at: 989 }, short)).toBe('forget');
    const over = { ...parts, counts: { ...few, logBytes: 1001 } };
    expect(judgeLogs({ ...row, at: 999 }, over)).toBe('forget');
  });

  test('retention: logs of an open job, or of a part of an open group, stay', () => {
    expect(judgeLogs({ ...row, job: openJob }, parts)).toBe('drop-row');
    expect(judgeLogs({ ...row, group: group() }, parts)).toBe('stay');
    expect(judgeLogs({ ...row, group: group(3) }, parts)).toBe('forget');
  });
});

describe('retention of events', () => {
  const events = [1, 2, 3, 4].map((seq) => ({ seq, at: seq * 100, kind: 'x' }));

  test('retention: events go by age, the oldest first', () => {
    const count = (now: number) => countOldEvents(events, { policy, now, lastSeq: 5 });
    expect([count(200), count(201), count(301), count(9999)]).toEqual([0, 1, 2, 4]);
  });

  test('retention: events go over the count, and the newest never', () => {
    expect(countOldEvents(events, { policy, now: 0, lastSeq: 8 })).toBe(3);
    expect(countOldEvents(events, { policy, now: 9999, lastSeq: 4 })).toBe(3);
  });
});
