/*
 * The board of jobs: every key that sorts, narrows or folds, played as keys.
 */
import { describe, expect, test } from 'vitest';
import { visibleJobs } from '../../../../cockpit/tui/state/board.ts';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { isAgeing } from '../../../../cockpit/tui/state/update.ts';
import { at, endedJob, fakeStartMs, job, startedJob, worker } from '../fake-hub.ts';
import { open, play, type } from '../press.ts';

const jobs = [
  endedJob('J7', { title: 'b', worker: 'carol', outcome: 'failed', labels: ['x'] }),
  startedJob('J6', { title: 'c', worker: 'bob', needs: ['gpu'], deadlineAt: at(600) }),
  job('J5', { title: 'a', worker: null, deadlineAt: at(60) }),
  endedJob('J4', { title: 'd', parent: 'J2', createdAt: at(-7200) }),
  startedJob('J3', { title: 'e', parent: 'J2' }),
  startedJob('J2', { title: 'f', kind: 'group', worker: null }),
  endedJob('J1', { title: 'g', worker: 'alice', labels: ['a=1', 'x'], needs: ['docker'] }),
];
const base = open([120, 40], { team: [worker('alice')], jobs });

const ids = (state: State) =>
  visibleJobs(state)
    .map(({ id }) => id)
    .join(' ');
const afterKeys = (keys: string, ...names: readonly string[]) => type(base, keys, ...names).state;

describe('board', () => {
  test('board: at first the newest comes first, parts stand below their group', () => {
    expect(ids(base)).toBe('J7 J6 J5 J2 J4 J3 J1');
  });

  test.each([
    ['A', 'J1 J2 J3 J4 J5 J6 J7'],
    ['S', 'J7 J6 J2 J3 J4 J5 J1'],
    ['SS', 'J1 J5 J6 J2 J4 J3 J7'],
    ['W', 'J1 J6 J7 J5 J2 J4 J3'],
    ['N', 'J1 J6 J7 J5 J2 J4 J3'],
    ['L', 'J1 J7 J6 J5 J2 J4 J3'],
    ['D', 'J5 J6 J7 J2 J4 J3 J1'],
    ['SA', 'J7 J6 J5 J2 J4 J3 J1'],
  ])('board: %s sorts, groups keep their parts', (keys, order) => {
    expect(ids(afterKeys(keys))).toBe(order);
  });

  test('board: the selection stays with its job when the order changes', () => {
    expect(afterKeys('jA').lists.jobs.selected).toBe('J6');
  });

  test('board: s goes through the states and comes back to all', () => {
    expect(
      ['s', 'ss', 'sss', 'ssss', 'sssss', 'ssssss'].map((keys) => ids(afterKeys(keys))),
    ).toEqual(['J6 J2 J3', 'J5', 'J7', '', 'J7 J4 J1', 'J7 J6 J5 J2 J4 J3 J1']);
    expect(afterKeys('sss').lists.jobs.filter).toBe('state:bad');
  });

  test('board: a goes through the ages', () => {
    expect(['a', 'aa', 'aaa', 'aaaa'].map((keys) => ids(afterKeys(keys)))).toEqual([
      'J7 J6 J5 J2 J3 J1',
      'J7 J6 J5 J2 J4 J3 J1',
      '',
      'J7 J6 J5 J2 J4 J3 J1',
    ]);
  });

  test('board: w, n and b narrow to what the selected job has, and back', () => {
    expect(ids(afterKeys('jw'))).toBe('J6');
    expect(ids(afterKeys('jww'))).toBe('J7 J6 J5 J2 J4 J3 J1');
    expect(ids(afterKeys('jn'))).toBe('J6');
    expect(ids(afterKeys('b'))).toBe('J7 J1');
    expect(afterKeys('bb').lists.jobs.filter).toBe('');
  });

  test('board: a key that has nothing to narrow to says so', () => {
    expect(afterKeys('jjw').toast?.text).toBe('w: J5 has no worker');
    expect(afterKeys('n').toast?.text).toBe('n: J7 has no need');
    expect(afterKeys('h').toast?.text).toBe('h: only groups fold');
  });

  test('board: h folds the group, also from a part of it, l unfolds it', () => {
    expect(ids(afterKeys('jjjh'))).toBe('J7 J6 J5 J2 J1');
    const fromPart = afterKeys('jjjjh');
    expect(ids(fromPart)).toBe('J7 J6 J5 J2 J1');
    expect(fromPart.lists.jobs.selected).toBe('J2');
    expect(ids(type(fromPart, 'l').state)).toBe('J7 J6 J5 J2 J4 J3 J1');
    expect(ids(type(afterKeys('jjj', 'left'), '', 'right').state)).toBe(ids(base));
  });

  test('board: a filter looks into folded groups, and leaves parts without their group', () => {
    expect(ids(type(afterKeys('jjjh'), '/state:ended\r').state)).toBe('J7 J4 J1');
  });

  test('board: a job that is shown from elsewhere is never hidden by a fold or a filter', () => {
    const folded = type(afterKeys('jjjh'), ':logs J3\r').state;
    expect(folded.lists.jobs.selected).toBe('J3');
    expect(ids(folded)).toContain('J3');
  });

  test('board: what an age filter lets through changes as time passes, without a key', () => {
    const young = type(base, '/age:<1h state:open\r').state;
    expect(isAgeing(young)).toBe(true);
    const tick = { type: 'tick', nowMs: 3_700_000, wallMs: fakeStartMs + 3_700_000 } as const;
    expect(ids(young)).toBe('J6 J5 J2 J3');
    expect(ids(play(young, [tick]).state)).toBe('');
  });
});
