/*
 * The check of the store's tables, on a real store with a byte that was changed under it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StoreVisit } from '../../../store/doctor/store-visit.ts';
import { tableSection } from '../../../store/doctor/table-checks.ts';
import { openLevelKv } from '../../../store/open.ts';
import { repairStore } from '../../../store/salvage/repair-store.ts';
import { checkBeforeOpen } from '../../../store/witness.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';
import { createDirectory } from '../place.ts';

let place: Awaited<ReturnType<typeof createDirectory>>;
let store: string;

beforeEach(async () => {
  place = await createDirectory();
  store = join(place.path, 'store');
  // What is in the log is in a table once it is opened again.
  for (let round = 0; round < 2; round += 1) {
    const kv = await openLevelKv(store);
    const ops = Array.from({ length: 500 }, (_, n) => {
      const key = `j/${String(n).padStart(12, '0')}`;
      return { type: 'put', key, value: new TextEncoder().encode(`row ${n} `.repeat(20)) } as const;
    });
    await kv.batch(ops, 'synced');
    await kv.close();
  }
});

afterEach(() => place.remove());

function findTable(): string {
  const [name = ''] = readdirSync(store).filter((one) => one.endsWith('.ldb'));
  return join(store, name);
}

async function find() {
  const { timers } = new FakePorts();
  const visit = new StoreVisit({
    ...{ directory: store, live: undefined, timers },
    isServed: async () => false,
  });
  const found = await tableSection.look({ visit });
  return found.map(({ check, evidence }) => ({ id: check.id, seen: evidence.seen }));
}

test('store-block-damaged: one flipped byte of a table is found with its file, and gone after a repair', async () => {
  const table = findTable();
  expect(await find()).toEqual([]);
  const bytes = readFileSync(table);
  bytes[300] = (bytes[300] ?? 0) ^ 0x10;
  writeFileSync(table, bytes);
  const seen = `${table} is not as it was written: blocks with another checksum: 1.`;
  expect(await find()).toEqual([{ id: 'store-block-damaged', seen }]);
  // No program starts on it, for that would hide it for ever.
  await expect(checkBeforeOpen(store)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  const { random } = new FakePorts();
  const plan = { home: place.path, store, now: 1, random, adapt: () => [], isDryRun: false };
  const { mended } = await repairStore(plan);
  expect(mended).toContain(`1 bytes of ${table.slice(store.length + 1)} were put right`);
  expect(await find()).toEqual([]);
});

test('store-block-damaged: a table that was cut is found, one that was never finished is none', async () => {
  const table = findTable();
  const half = readFileSync(table).subarray(0, 400);
  // As a process leaves it that died while it wrote: nothing names it.
  writeFileSync(join(store, '000999.ldb'), half);
  expect(await find()).toEqual([]);
  await checkBeforeOpen(store);
  writeFileSync(table, half);
  expect(await find()).toHaveLength(1);
  await expect(checkBeforeOpen(store)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
});
