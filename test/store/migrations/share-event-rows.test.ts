/*
 * Format 2 to 3: what the journal held stays readable, and new events follow it.
 */
import { expect, test } from 'vitest';
import { openStore, readFormat, storeMigrations } from '../../../store/format.ts';
import { planEvents, readEvents, readLastEventSeq } from '../../../store/journal.ts';
import { eventKey } from '../../../store/keys.ts';
import { instantDisk, openMemoryKv } from '../../../store/memory.ts';
import { createWorld } from '../world.ts';

/** A row as format 2 wrote it: {seq: 1, at: 1700000000000, kind: "job-dispatched", job: "J1"}. */
const golden =
  '84a373657101a26174cb4278bcfe56800000a46b696e64ae6a6f622d64697370617463686564a36a6f62a24a31';

test('migration: the events of a store of format 2 are read after it, before new ones', async () => {
  const { random } = createWorld(1);
  const kv = await openMemoryKv(instantDisk());
  await openStore(kv, random, storeMigrations.slice(0, 1));
  const value = Uint8Array.from(Buffer.from(golden, 'hex'));
  await kv.batch([{ type: 'put', key: eventKey(1), value }], 'synced');
  await openStore(kv, random, storeMigrations.slice(0, 2));
  expect(await readFormat(kv)).toBe(3);
  expect(await readLastEventSeq(kv)).toBe(1);
  const old = { seq: 1, at: 1_700_000_000_000, kind: 'job-dispatched', job: 'J1' } as const;
  const next = { ...old, seq: 2, job: 'J2' } as const;
  await kv.batch(planEvents([next]), 'synced');
  expect(await readEvents(kv, { afterSeq: 0, countMax: 9 })).toEqual([old, next]);
});
