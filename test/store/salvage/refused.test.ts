/*
 * What LevelDB refuses to open is never called sound by a repair, and what a newer version wrote is left as it is.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore, storeMigrations } from '../../../store/format.ts';
import { formatKey, incarnationKey, metaKey } from '../../../store/keys.ts';
import { openLevelKv } from '../../../store/open.ts';
import { planRow } from '../../../store/row-codec.ts';
import { repairStore } from '../../../store/salvage/repair-store.ts';
import { findMissingStore } from '../../../store/store-mark.ts';
import { writeWitness } from '../../../store/witness.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';
import { createDirectory } from '../place.ts';

let place: Awaited<ReturnType<typeof createDirectory>>;
let store: string;
const { random } = new FakePorts();

/** A store with several tables, and a MANIFEST of several records that names them. */
beforeEach(async () => {
  place = await createDirectory();
  store = join(place.path, 'store');
  for (let start = 0; start < 3; start += 1) {
    const kv = await openLevelKv(store);
    if (start === 0) await openStore(kv, random);
    for (let n = 0; n < 6; n += 1) {
      const value = new Uint8Array(1024 ** 2).map((_, at) => (at * (n + 7)) % 251);
      await kv.batch([{ type: 'put', key: `j/${start}${n}`, value }], 'synced');
    }
    await kv.close();
  }
});

afterEach(() => place.remove());

function repair(adapt: Parameters<typeof repairStore>[0]['adapt'] = () => []) {
  return repairStore({ home: place.path, store, random, adapt, isDryRun: false, now: 5 });
}

function find(pattern: RegExp): string {
  return readdirSync(store).find((one) => pattern.test(one)) ?? '';
}

function change(pattern: RegExp, act: (bytes: Buffer) => Uint8Array): void {
  const name = find(pattern);
  writeFileSync(join(store, name), act(readFileSync(join(store, name))));
}

async function countJobs(): Promise<number> {
  const kv = await openLevelKv(store);
  const rows = await kv.range({ gte: 'j/', lt: 'j0', countMax: 100, order: 'ascending' });
  await kv.close();
  return rows.length;
}

test.each([
  [
    'the end of the MANIFEST is rubbish',
    /^MANIFEST/,
    (bytes: Buffer) => bytes.fill(0xa5, bytes.length - 3),
  ],
  ['CURRENT has lost the end of its line', /^CURRENT$/, (bytes: Buffer) => bytes.subarray(0, -1)],
] as const)(
  'repair: when %s the store is mended with every row, and opens again',
  async (_, pattern, act) => {
    change(pattern, act);
    const copy = join(place.path, 'copy');
    cpSync(store, copy, { recursive: true });
    await expect(openLevelKv(copy)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(await repair()).toMatchObject({ is: 'mended', lost: [] });
    expect(await countJobs()).toBe(18);
  },
);

test('repair: a MANIFEST that was torn at its end, as a loss of power leaves it, is no damage', async () => {
  // Half of a header, as of a record that was about to be written.
  change(/^MANIFEST/, (bytes) => Buffer.concat([bytes, Buffer.from([1, 2, 3, 4, 200, 0, 1, 9])]));
  const copy = join(place.path, 'copy');
  cpSync(store, copy, { recursive: true });
  await (await openLevelKv(copy)).close();
  expect(await repair()).toMatchObject({ is: 'sound' });
});

test('repair: a store that a newer version wrote is refused, and stays as it is', async () => {
  const kv = await openLevelKv(store);
  await kv.batch([planRow(formatKey, storeMigrations.length + 2)], 'synced');
  await kv.close();
  await writeWitness(store, 99);
  const before = readdirSync(store).toSorted();
  await expect(repair()).rejects.toMatchObject({ code: 'STORE_FORMAT' });
  expect(readdirSync(store).toSorted()).toEqual(before);
  expect(readdirSync(place.path)).toEqual(['store']);
});

test('repair: with something missing the archive is not cut to where an older row says that it ends', async () => {
  const kv = await openLevelKv(store);
  await kv.batch([planRow(metaKey('archive'), { file: '2026-11.jsonl.gz', bytes: 7 })], 'synced');
  await kv.close();
  await writeWitness(store, 99);
  expect(await repair()).toMatchObject({ is: 'missing-rows' });
  const mended = await openLevelKv(store);
  expect(await mended.get(metaKey('archive'))).toBeUndefined();
  expect(await mended.get('j/00')).toBeDefined();
  await mended.close();
});

test('repair: what could not be made whole leaves nothing half done, and the store as it was', async () => {
  const before = readdirSync(store).toSorted();
  await writeWitness(store, 99);
  const broken = () => {
    throw new Error('the disk is full');
  };
  await expect(repair(broken)).rejects.toMatchObject({ code: 'RESTORE_FAILED' });
  expect(existsSync(join(place.path, 'restore.new'))).toBe(false);
  expect(readdirSync(store).toSorted()).toEqual([...before, 'TAIL'].toSorted());
});

test.each([
  ['its format', [formatKey]],
  ['its format and its starts', [formatKey, incarnationKey]],
])('repair: a store that has lost %s can be opened again, as another one', async (_, lost) => {
  const kv = await openLevelKv(store);
  await kv.batch(
    lost.map((key) => ({ type: 'del', key }) as const),
    'synced',
  );
  await kv.close();
  const { is, lost: said } = await repair();
  expect([is, said]).toEqual(['missing-rows', lost.map((key) => `the row ${key}`)]);
  const mended = await openLevelKv(store);
  expect(await openStore(mended, random)).toMatchObject({ isAfterCrash: true });
  await mended.close();
  expect(await countJobs()).toBe(18);
  expect(await repair()).toMatchObject({ is: 'sound' });
});

test('repair: a store of which nothing is left is begun anew', async () => {
  for (const name of readdirSync(store)) {
    if (/^(\d+\.(ldb|log)|MANIFEST.*|CURRENT)$/.test(name)) rmSync(join(store, name));
  }
  expect(await repair()).toMatchObject({ is: 'missing-rows', lost: ['every row'] });
  const mended = await openLevelKv(store);
  expect(await openStore(mended, random)).toMatchObject({ incarnation: 2 });
  await mended.close();
});

test.each([
  ['the MANIFEST is gone', () => rmSync(join(store, find(/^MANIFEST/)))],
  ['CURRENT names another', () => writeFileSync(join(store, 'CURRENT'), 'MANIFEST-000099\n')],
])('open: a store is damaged, and not the disk, where %s; a repair reads it', async (_, harm) => {
  harm();
  await expect(openLevelKv(store)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  expect(await repair()).toMatchObject({ is: 'mended', lost: [] });
  expect(await countJobs()).toBe(18);
});

test('open: a store that lost only the file that says that it was made is there, and is marked again', async () => {
  rmSync(join(store, 'CREATED'));
  const mark = join(place.path, 'store.made');
  writeFileSync(mark, '');
  expect(await findMissingStore({ store, mark })).toBeUndefined();
  expect(await countJobs()).toBe(18);
  expect(existsSync(join(store, 'CREATED'))).toBe(true);
});

test('open: a damaged store that lost that file too is not made anew, and a repair reads it', async () => {
  rmSync(join(store, 'CREATED'));
  rmSync(join(store, 'CURRENT'));
  await expect(openLevelKv(store)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  expect(await repair()).toMatchObject({ is: 'mended', lost: [] });
  expect(await countJobs()).toBe(18);
});
