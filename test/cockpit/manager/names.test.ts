/*
 * Names: human, distinct, always the same next one, and never one that somebody bore.
 */
import { expect, test } from 'vitest';
import { pickName, workerNames } from '../../../cockpit/manager/names.ts';
import { isWorkerName } from '../../../cockpit/manager/worker.ts';

test('names: there are enough, each once, each of letters alone', () => {
  expect(workerNames.length).toBeGreaterThanOrEqual(200);
  expect(new Set(workerNames).size).toBe(workerNames.length);
  expect(workerNames.filter((name) => !/^[a-z]+$/.test(name))).toEqual([]);
});

test('names: a team begins with alice, bob and charlie', () => {
  const taken = new Set<string>();
  for (const name of ['alice', 'bob', 'charlie']) {
    expect(pickName(taken)).toBe(name);
    taken.add(name);
  }
});

test('names: a name that is free again in the middle is not passed over', () => {
  expect(pickName(new Set(['alice', 'charlie']))).toBe('bob');
});

test('names: when all are borne they come again with a number, and are names still', () => {
  const taken = new Set(workerNames);
  expect(pickName(taken)).toBe('alice-2');
  for (let count = 0; count < 2 * workerNames.length; count += 1) {
    const name = pickName(taken);
    expect(taken.has(name)).toBe(false);
    expect(isWorkerName(name)).toBe(true);
    taken.add(name);
  }
  expect(pickName(taken)).toBe('alice-4');
});

test.each(['', 'Alice', '2pac', '-a', 'a b', 'a_b', 'é', 'a'.repeat(33)])(
  'names: %j cannot be one',
  (name) => expect(isWorkerName(name)).toBe(false),
);

test.each(['a', 'alice-2', 'a'.repeat(32)])('names: %j can be one', (name) =>
  expect(isWorkerName(name)).toBe(true),
);
