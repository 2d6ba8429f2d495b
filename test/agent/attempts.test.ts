/*
 * Held attempts as rows: every state comes back from the disk, and a damaged row is never skipped.
 */
import { expect, test } from 'vitest';
import type { AttemptState } from '../../agent/attempt-machine.ts';
import { type HeldAttempt, listInventory, openHeldRows, readHeld } from '../../agent/attempts.ts';
import { attemptsHeldMax } from '../../protocol/limits.ts';
import { attemptKey } from '../../store/keys.ts';
import { instantDisk, openMemoryKv } from '../../store/memory.ts';
import { planRow } from '../../store/row-codec.ts';
import { processMark, spec } from './desk-bench.ts';

function hold(attempt: HeldAttempt['attempt'], state: AttemptState): HeldAttempt {
  return { attempt, spec: { ...spec, command: ['true'] }, issuedAt: 1, expiresAt: 9, state };
}

const held: readonly HeldAttempt[] = [
  hold('J2.1', { is: 'accepted', acceptedAt: 1 }),
  hold('J9.1', { is: 'starting', acceptedAt: 1, endCause: 'cancel' }),
  hold('J10.1', {
    is: 'running',
    acceptedAt: 1,
    startedAt: 2,
    process: processMark,
    endCause: 'deadline',
  }),
  {
    ...hold('J10.2', {
      is: 'finished',
      acceptedAt: 1,
      startedAt: 2,
      ending: {
        outcome: 'refused',
        at: 3,
        code: 'JOB_SPAWN',
        reason: 'x',
        usage: { exitCode: 1, cpuMs: 2.5 },
      },
    }),
    finishedSeq: 4,
    logBytes: 100,
    artifacts: { kept: [], missed: [{ path: 'a', code: 'X' }] },
  },
  hold('J11.1', {
    is: 'finished',
    acceptedAt: 1,
    ending: {
      outcome: 'lost',
      at: 0,
      usage: {},
      kept: { directory: '/d', changes: 1, commits: 0, note: 'n' },
    },
  }),
];

test('attempts: rows of every state come back as they were, in the order of their jobs', async () => {
  const kv = await openMemoryKv(instantDisk());
  const rows = openHeldRows();
  for (const one of held.toReversed()) rows.put(one.attempt, one);
  await kv.batch(rows.seal(), 'synced');
  expect(await readHeld(kv)).toEqual(held);
  await kv.batch([rows.remove('J9.1'), ...rows.seal()], 'synced');
  expect((await readHeld(kv)).map((row) => row.attempt)).toEqual([
    'J2.1',
    'J10.1',
    'J10.2',
    'J11.1',
  ]);
});

test('attempts: rows of format 3, which are maps, are read beside those of today', async () => {
  const kv = await openMemoryKv(instantDisk());
  const [first, ...others] = held as [HeldAttempt, ...HeldAttempt[]];
  const rows = openHeldRows();
  rows.put(first.attempt, first);
  const maps = others.map((one) => planRow(attemptKey(one.attempt), one));
  await kv.batch([...rows.seal(), ...maps], 'synced');
  expect(await readHeld(kv)).toEqual(held);
});

test('attempts: one that changes twice on its way to a batch is one row, one forgotten is none', async () => {
  const kv = await openMemoryKv(instantDisk());
  const rows = openHeldRows();
  const [first, second] = held as [HeldAttempt, HeldAttempt];
  rows.put(first.attempt, first);
  rows.put(first.attempt, { ...first, logBytes: 7 });
  rows.put(second.attempt, second);
  const gone = rows.remove(second.attempt);
  const ops = [...rows.seal(), gone];
  expect(ops.map(({ type, key }) => [type, key])).toEqual([
    ['put', attemptKey(first.attempt)],
    ['del', attemptKey(second.attempt)],
  ]);
  await kv.batch(ops, 'synced');
  expect(await readHeld(kv)).toEqual([{ ...first, logBytes: 7 }]);
});

test('attempts: a row that cannot be read is an error that names it', async () => {
  const kv = await openMemoryKv(instantDisk());
  await kv.batch([{ type: 'put', key: attemptKey('J1.1'), value: Uint8Array.of(0x80) }], 'synced');
  await expect(readHeld(kv)).rejects.toMatchObject({
    code: 'STORE_DAMAGED',
    message: expect.stringContaining(attemptKey('J1.1')),
  });
});

test('attempts: the inventory states each attempt, and never more than a hello may hold', () => {
  expect(listInventory(held, 0).map((row) => row.state)).toEqual([
    'accepted',
    'starting',
    'running',
    'finished',
    'finished',
  ]);
  const many = Array.from({ length: attemptsHeldMax + 5 }, () => held[0] as HeldAttempt);
  expect(listInventory(many, 0)).toHaveLength(attemptsHeldMax);
});
