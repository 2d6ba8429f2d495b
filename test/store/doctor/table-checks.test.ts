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

/** How many of the rows are found by their keys. */
async function countFound(): Promise<number> {
  const kv = await openLevelKv(store);
  const keys = Array.from({ length: 500 }, (_, n) => `j/${String(n).padStart(12, '0')}`);
  const found = await Promise.all(keys.map((key) => kv.get(key)));
  await kv.close();
  return found.filter((value) => value !== undefined).length;
}

test('store-block-damaged: a filter that hides rows is found, and they are there again after a repair', async () => {
  expect(await countFound()).toBe(500);
  const tables = readdirSync(store).filter((one) => one.endsWith('.ldb'));
  for (const name of tables) {
    const bytes = readFileSync(join(store, name));
    // It ends before the block that names it, which has a head of three bytes, and is followed by five.
    const end = bytes.lastIndexOf('filter.leveldb.') - 8;
    writeFileSync(join(store, name), bytes.fill(0, end - 300, end - 100));
  }
  expect(await find()).toHaveLength(tables.length);
  await expect(checkBeforeOpen(store)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  // LevelDB itself does not see it.
  expect(await countFound()).toBeLessThan(500);
  const { random } = new FakePorts();
  const plan = { home: place.path, store, now: 1, random, adapt: () => [], isDryRun: false };
  const { mended } = await repairStore(plan);
  expect(mended).toEqual(tables.map((name) => `what finds rows in ${name} was made anew`));
  expect(await find()).toEqual([]);
  expect(await countFound()).toBe(500);
});

test('store-block-damaged: a footer that was changed is found, and a repair makes another', async () => {
  const table = findTable();
  const bytes = readFileSync(table);
  bytes[bytes.length - 1] = 0;
  writeFileSync(table, bytes);
  expect(await find()).toHaveLength(1);
  const { random } = new FakePorts();
  const plan = { home: place.path, store, now: 1, random, adapt: () => [], isDryRun: false };
  const { mended } = await repairStore(plan);
  expect(mended).toEqual([`what finds rows in ${table.slice(store.length + 1)} was made anew`]);
  expect(await find()).toEqual([]);
  expect(await countFound()).toBe(500);
});
