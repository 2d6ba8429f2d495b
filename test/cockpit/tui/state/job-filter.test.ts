/*
 * The words that narrow the jobs: terms with a key, plain words, and what is half typed.
 */
import { describe, expect, test } from 'vitest';
import {
  compileFilter,
  findTerm,
  putTerm,
  readsClock,
} from '../../../../cockpit/tui/state/job-filter.ts';
import { at, endedJob, fakeStartMs, job, startedJob } from '../fake-hub.ts';

const jobs = [
  startedJob('J5', { worker: 'bob', needs: ['gpu', 'git'], labels: ['nightly', 'team=core'] }),
  endedJob('J4', { worker: 'bobby', outcome: 'failed', title: 'see http://x' }),
  endedJob('J3', { worker: null, outcome: 'lost', createdAt: at(-7200) }),
  job('J2', { labels: ['team=web'], deadlineAt: at(-1) }),
  endedJob('J1', { deadlineAt: at(1) }),
];

function kept(filter: string): string {
  const test = compileFilter(filter, {
    wallMs: fakeStartMs,
    textOf: ({ id, title }) => `${id} ${title}`,
  });
  return jobs
    .filter(test)
    .map(({ id }) => id)
    .join(' ');
}

describe('job filter', () => {
  test.each([
    ['state:failed', 'J4'],
    ['state:bad', 'J4 J3'],
    ['state:started', 'J5'],
    ['state:running,waiting', 'J5 J2'],
    ['state:open', 'J5 J2'],
    ['state:ended', 'J4 J3 J1'],
    ['state:ok', 'J1'],
    ['constructor:x', ''],
    // What ended after its deadline was late too.
    ['state:late', 'J2 J1'],
    ['worker:bob', 'J5 J4'],
    ['worker:none', 'J3'],
    ['worker:BOBB', 'J4'],
    ['need:gpu', 'J5'],
    ['label:nightly', 'J5'],
    ['label:team', 'J5 J2'],
    ['label:team=web', 'J2'],
    ['age:<1h', 'J5 J4 J2 J1'],
    ['age:1h', 'J5 J4 J2 J1'],
    ['age:>1h', 'J3'],
    ['!state:bad !worker:bob', 'J2 J1'],
    ['state:bad worker:bob', 'J4'],
    ['state:bad see', 'J4'],
    ['http://x', 'J4'],
    ['!http', 'J5 J3 J2 J1'],
  ])('job filter: %s leaves %s', (filter, ids) => {
    expect(kept(filter)).toBe(ids);
  });

  test.each(['', 'state:', 'age:<', 'age:x', '!'])(
    'job filter: %j is not finished and narrows nothing',
    (filter) => {
      expect(kept(filter)).toBe('J5 J4 J3 J2 J1');
    },
  );

  test('job filter: a term is read, set and taken away, the other words stay', () => {
    expect(findTerm('a worker:bob b', 'worker')).toBe('bob');
    expect(findTerm('a b', 'worker')).toBeUndefined();
    expect(putTerm('a worker:bob b', 'worker', 'eve')).toBe('a b worker:eve');
    expect(putTerm('a worker:bob b', 'worker', undefined)).toBe('a b');
  });

  test('job filter: only ages and lateness depend on what time it is', () => {
    expect(['age:<1h', 'x !age:1h', 'state:late'].every(readsClock)).toBe(true);
    expect(['state:bad', 'page:1', ''].some(readsClock)).toBe(false);
  });
});
