/*
 * Words for people: durations that never lie at their edges, jobs in a few words, tables in line.
 */
import { describe, expect, test } from 'vitest';
import type { JobRow, TeamRow } from '../../../cockpit/verbs/shapes.ts';
import {
  describeJob,
  formatAge,
  formatDuration,
  listJobs,
  plain,
  showJobs,
  showTable,
  showTeam,
} from '../../../cockpit/verbs/text.ts';

const at = '2027-01-15T08:00:00.000Z';
const job: JobRow = {
  id: 'J12',
  title: 'make all',
  kind: 'command',
  state: 'started',
  outcome: null,
  reason: null,
  worker: 'alice',
  host: 'box',
  command: ['make', 'all'],
  parent: null,
  createdAt: at,
  receipts: { queuedAt: at, sentAt: null, acceptedAt: null, startedAt: null, finishedAt: null },
  exitCode: null,
  durationMs: null,
  attemptCount: 1,
};
const worker: TeamRow = {
  name: 'alice',
  kind: 'odally',
  host: 'box',
  state: 'working',
  link: 'direct',
  lastSeenMs: 100,
  jobs: ['J12', 'J13'],
  capabilities: null,
  key: 'ab',
};

describe('text', () => {
  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [999.7, '999 ms'],
    [1000, '1.0 s'],
    [59_999, '59.9 s'],
    [60_000, '1 m 00 s'],
    [3_599_999, '59 m 59 s'],
    [3_600_000, '1 h 00 m'],
    [86_399_999, '23 h 59 m'],
    [86_400_000, '1 d 0 h'],
    [100 * 86_400_000, '100 d 0 h'],
  ])('text: %d ms reads %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  test('text: an age is now until it is not', () => {
    expect([formatAge(0), formatAge(2999), formatAge(3000), formatAge(12_900)]).toEqual([
      'now',
      'now',
      '3.0 s ago',
      '12.0 s ago',
    ]);
  });

  test.each<[Partial<JobRow>, string]>([
    [{}, 'started on alice'],
    [{ worker: null, state: 'queued' }, 'queued'],
    [{ outcome: 'succeeded', exitCode: 0, durationMs: 1200 }, 'succeeded, exit 0, 1.2 s, on alice'],
    [{ outcome: 'lost', reason: 'Silence.' }, 'lost, on alice, Silence.'],
  ])('text: a job with %o reads %s', (fields, text) => {
    expect(describeJob({ ...job, ...fields }, plain)).toBe(text);
  });

  test('text: an outcome is painted by what it is, and its word stays', () => {
    const style = {
      ...plain,
      good: (text: string) => `+${text}`,
      bad: (text: string) => `-${text}`,
    };
    expect(describeJob({ ...job, outcome: 'succeeded' }, style)).toContain('+succeeded');
    for (const outcome of ['failed', 'cancelled', 'expired', 'refused', 'lost'] as const) {
      expect(describeJob({ ...job, outcome }, style)).toContain(`-${outcome}`);
    }
  });

  test('text: columns are as wide as their widest cell, and no line ends in blanks', () => {
    expect(
      showTable(
        ['A', 'LONG', 'C'],
        [
          ['wide', 'x', ''],
          ['y', 'z', 'end'],
        ],
        plain,
      ),
    ).toBe(['A     LONG  C', 'wide  x', 'y     z     end'].join('\n'));
  });

  test('text: a team shows who is where, and silence as silence', () => {
    const lines = showTeam(
      [worker, { ...worker, name: 'bob', lastSeenMs: null, jobs: [] }],
      plain,
    ).split('\n');
    expect(lines[1]).toMatch(/^alice {2}box .*working.* now .*J12 J13$/);
    expect(lines[2]).toMatch(/^bob .* never .*-$/);
    expect(showTeam([], plain)).toContain('wally invite');
  });

  test('jobs of a worker: a few are named, of many the first and how many more', () => {
    const ids = Array.from({ length: 1000 }, (_, at) => `J${at + 1}`);
    expect(listJobs([])).toBe('-');
    expect(listJobs(ids.slice(0, 8))).toBe('J1 J2 J3 J4 J5 J6 J7 J8');
    expect(listJobs(ids)).toBe('J1 J2 J3 J4 J5 J6 J7 J8 and 992 more');
  });

  test('text: jobs show one line each, also a job without a worker', () => {
    const text = showJobs(
      [job, { ...job, id: 'J11', kind: 'group', worker: null, host: null }],
      plain,
    );
    expect(text.split('\n')).toHaveLength(3);
    expect(text).toMatch(/^J11 +- +- /m);
    expect(showJobs([], plain)).toContain('wally dispatch');
  });
});
