/*
 * Format 1 to 2: every job that has ended, and no other, gets its row in the order of ends.
 */
import { expect, test } from 'vitest';
import { decodeValue } from '../../../protocol/codec.ts';
import type { JobId } from '../../../protocol/model.ts';
import { openStore, storeMigrations } from '../../../store/format.ts';
import { formatKey, jobKey, prefixRange, readEndedJobKey } from '../../../store/keys.ts';
import { instantDisk, openMemoryKv } from '../../../store/memory.ts';
import { planRow } from '../../../store/row-codec.ts';
import { createWorld } from '../world.ts';

const { random } = createWorld(1);
const ended = (queuedAt: number, at: number, logBytes?: number) => ({
  n: 1,
  state: {
    is: 'finished',
    times: { queuedAt },
    end: { at, ...(logBytes === undefined ? {} : { logBytes }) },
  },
});
const open = { n: 2, state: { is: 'started', times: { queuedAt: 9 } } };

async function migrate(jobs: Readonly<Record<JobId, unknown>>) {
  const kv = await openMemoryKv(instantDisk());
  await openStore(kv, random, []);
  const rows = Object.entries(jobs).map(([id, job]) => planRow(jobKey(id as JobId), job));
  await kv.batch(rows, 'synced');
  await openStore(kv, random, storeMigrations.slice(0, 1));
  expect(decodeValue((await kv.get(formatKey)) ?? new Uint8Array())).toBe(2);
  const range = { ...prefixRange('je/'), countMax: 10_000, order: 'ascending' } as const;
  return (await kv.range(range)).map(({ key, value }) => ({
    ...readEndedJobKey(key),
    ...(decodeValue(value) as object),
  }));
}

test('migration: ended jobs are indexed by their ends, with the bytes of all their logs', async () => {
  const rows = await migrate({
    J1: { kind: 'command', attempts: [ended(1, 500, 10), ended(2, 900, 5)] },
    J2: { kind: 'command', attempts: [ended(1, 700)] },
    J3: { kind: 'command', attempts: [ended(1, 600), open] },
    J4: { kind: 'group', children: ['J1'], ended: { outcome: 'lost', at: 800 } },
    J5: { kind: 'group', children: ['J3'] },
  });
  expect(rows).toEqual([
    { at: 700, job: 'J2', logBytes: 0 },
    { at: 800, job: 'J4', logBytes: 0 },
    { at: 900, job: 'J1', logBytes: 15 },
  ]);
});

test('migration: a worker whose clock was behind ends nothing before it was queued', async () => {
  const rows = await migrate({ J1: { attempts: [ended(1000, 3)] } });
  expect(rows).toEqual([{ at: 1000, job: 'J1', logBytes: 0 }]);
});

test('migration: a job that cannot be read is left alone, and stops nothing', async () => {
  const rows = await migrate({ J1: 'rubbish', J2: { attempts: [ended(1, 2)] } });
  expect(rows.map(({ job }) => job)).toEqual(['J2']);
});

test('migration: more jobs than one page are all found', async () => {
  const jobs = Object.fromEntries(
    Array.from({ length: 2500 }, (_, n) => [`J${n + 1}`, { attempts: [ended(1, n + 1)] }]),
  );
  expect(await migrate(jobs)).toHaveLength(2500);
});
