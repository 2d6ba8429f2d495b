/*
 * Held attempts as rows: every state comes back from the disk, and a damaged row is never skipped.
 */
import { expect, test } from 'vitest';
import type { AttemptState } from '../../agent/attempt-machine.ts';
import {
  type HeldAttempt,
  listInventory,
  openHeldRows,
  readHeld,
  salvageHeld,
  sortHeld,
} from '../../agent/attempts.ts';
import { encodeValue } from '../../protocol/codec.ts';
import { attemptsHeldMax } from '../../protocol/limits.ts';
import { heldKey } from '../../store/keys.ts';
import type { Kv } from '../../store/kv.ts';
import { instantDisk, openMemoryKv } from '../../store/memory.ts';
import { planRow } from '../../store/row-codec.ts';
import { planHeld, processMark, spec } from './desk-bench.ts';

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

/** Puts these on the disk, in one batch. */
async function write(kv: Kv, values: readonly HeldAttempt[]): Promise<void> {
  await kv.batch(await planHeld(kv, values), 'synced');
}

test('attempts: every state comes back as it was, in the order of the jobs, and what goes is gone', async () => {
  const kv = await openMemoryKv(instantDisk());
  await write(kv, held.toReversed());
  expect(await readHeld(kv)).toEqual(held);
  const rows = await openHeldRows(kv);
  expect(sortHeld(rows.list())).toEqual(held);
  rows.remove('J9.1');
  await kv.batch(rows.seal(), 'synced');
  expect((await readHeld(kv)).map((row) => row.attempt)).toEqual([
    'J2.1',
    'J10.1',
    'J10.2',
    'J11.1',
  ]);
});

test('attempts: what format 3 wrote, which are maps, is read beside what is written today', async () => {
  const kv = await openMemoryKv(instantDisk());
  const [first, ...others] = held as [HeldAttempt, ...HeldAttempt[]];
  await kv.batch([planRow(heldKey(1), others.map(encodeValue))], 'synced');
  const rows = await openHeldRows(kv);
  rows.put(first);
  await kv.batch(rows.seal(), 'synced');
  expect(await readHeld(kv)).toEqual(held);
});

test('attempts: one that changes twice on its way to a batch is written once, one forgotten not at all', async () => {
  const kv = await openMemoryKv(instantDisk());
  const rows = await openHeldRows(kv);
  const [first, second] = held as [HeldAttempt, HeldAttempt];
  rows.put(first);
  rows.put({ ...first, logBytes: 7 });
  rows.put(second);
  rows.remove(second.attempt);
  const ops = rows.seal();
  expect(ops.map(({ type, key }) => [type, key])).toEqual([['put', heldKey(1)]]);
  await kv.batch(ops, 'synced');
  expect(await readHeld(kv)).toEqual([{ ...first, logBytes: 7 }]);
});

test('attempts: a row that cannot be read is an error that names it, whoever reads', async () => {
  const kv = await openMemoryKv(instantDisk());
  await kv.batch([planRow(heldKey(1), [{ attempt: 'J1.1' }])], 'synced');
  const named = { code: 'STORE_DAMAGED', message: expect.stringContaining(heldKey(1)) };
  await expect(readHeld(kv)).rejects.toMatchObject(named);
  await expect(openHeldRows(kv)).rejects.toMatchObject(named);
});

test('attempts: a row that is missing is an error, and not for who puts aside what is there', async () => {
  const kv = await openMemoryKv(instantDisk());
  await write(kv, held.slice(0, 2));
  await write(kv, held.slice(2, 3));
  await write(kv, held.slice(3));
  await kv.batch([{ type: 'del', key: heldKey(2) }], 'synced');
  const named = { code: 'STORE_DAMAGED', message: expect.stringContaining(heldKey(2)) };
  await expect(openHeldRows(kv)).rejects.toMatchObject(named);
  await expect(readHeld(kv)).rejects.toMatchObject(named);
  expect(await salvageHeld(kv)).toHaveLength(4);
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
