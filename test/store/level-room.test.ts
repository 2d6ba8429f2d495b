/*
 * Room ahead in LevelDB's log: what is written into it is all there after any end, and what is torn in it goes from there on.
 */
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { levelRoomAfterCount, levelRoomStepBytes } from '../../store/limits.ts';
import { openLevelKv } from '../../store/open.ts';
import { openReopeningKv, type ReopeningKv } from '../../store/reopen.ts';
import { readLevelLog } from '../../store/salvage/level-log.ts';
import { salvageStore } from '../../store/salvage/salvage.ts';
import { openCheckedKv, writeWitness } from '../../store/witness.ts';
import { FakePorts } from '../protocol/fake-ports.ts';
import { createDirectory } from './place.ts';

const rowCount = levelRoomAfterCount * 5;
const keyOf = (n: number) => `j/${String(n).padStart(4, '0')}`;
const keys = Array.from({ length: rowCount }, (_, n) => keyOf(n));
/** Rows that end with zeros, so that an end is not taken for room. */
const value = new Uint8Array(9000).fill(7, 0, 8000);

async function openPlace(): Promise<string> {
  const place = await createDirectory();
  onTestFinished(place.remove);
  return place.path;
}

function open(store: string): Promise<ReopeningKv> {
  return openReopeningKv({
    open: () => openLevelKv(store),
    ports: new FakePorts(),
    makeRoom: async () => undefined,
    changed: () => undefined,
  });
}

/** A copy of a store as the kill of its process leaves it, and the log in it. */
async function makeKilled(batchCount = rowCount): Promise<{ store: string; log: string }> {
  const home = await openPlace();
  const kv = await open(join(home, 'live'));
  for (let n = 0; n < batchCount; n += 1)
    await kv.batch([{ type: 'put', key: keyOf(n), value }], 'synced');
  const store = join(home, 'store');
  cpSync(join(home, 'live'), store, { recursive: true });
  await kv.close();
  const log = readdirSync(store).find((name) => name.endsWith('.log')) ?? '';
  return { store, log: join(store, log) };
}

async function listRows(store: string): Promise<readonly string[]> {
  const kv = await openCheckedKv(store);
  const rows = await kv.range({ gte: 'j/', lt: 'j0', countMax: 1000, order: 'ascending' });
  await kv.close();
  return rows.map(({ key }) => key);
}

/** Where this record begins in the log, and where the next one does. */
function placeOf(log: string, n: number): readonly [number, number] {
  const { records } = readLevelLog(readFileSync(log));
  const at = records.findIndex(({ bytes }) => Buffer.from(bytes).includes(keyOf(n)));
  return [records[at]?.at ?? 0, records[at + 1]?.at ?? 0];
}

/** As if it had not reached the disk, and what is behind it had. */
function blank(log: string, n: number): void {
  writeFileSync(log, readFileSync(log).fill(0, ...placeOf(log, n)));
  const { gaps } = readLevelLog(readFileSync(log));
  expect(gaps).toMatchObject([{ kind: 'middle' }]);
}

test('room: the log of a store at work gets it, and that of one that was looked at does not', async () => {
  const { log } = await makeKilled();
  const { size } = statSync(log);
  expect(size).toBeGreaterThan(levelRoomStepBytes);
  const { records } = readLevelLog(readFileSync(log));
  expect(size - (records.at(-1)?.at ?? 0)).toBeGreaterThan(levelRoomStepBytes / 4);
  const small = await makeKilled(levelRoomAfterCount - 10);
  expect(statSync(small.log).size).toBeLessThan(levelRoomStepBytes / 2);
});

test('room: after a kill every batch is there, and the store is sound, for LevelDB and for repair', async () => {
  const { store } = await makeKilled();
  const { rows, lost, mended, tornBytes } = await salvageStore(store);
  expect(rows.filter(({ key }) => key.startsWith('j/')).map(({ key }) => key)).toEqual(keys);
  expect({ lost, mended, tornBytes }).toEqual({ lost: [], mended: [], tornBytes: 0 });
  await writeWitness(store, rowCount);
  expect(await listRows(store)).toEqual(keys);
});

test('room: a batch that a loss of power tore in it goes, like any torn end', async () => {
  const { store, log } = await makeKilled();
  const [at, end] = placeOf(log, rowCount - 2);
  writeFileSync(log, readFileSync(log).fill(0, at + 100));
  expect(end).toBeGreaterThan(at + 100);
  expect(await listRows(store)).toEqual(keys.slice(0, -2));
});

test('room: a batch of which the disk lacks the last byte alone goes too, and is no damage', async () => {
  const { store, log } = await makeKilled();
  await writeWitness(store, rowCount - 2);
  const bytes = readFileSync(log);
  const { records } = readLevelLog(bytes);
  const end = bytes.findLastIndex((byte) => byte !== 0);
  expect(end).toBeGreaterThan(records.at(-1)?.at ?? 0);
  // As where the record reaches one byte into a page that was not written.
  writeFileSync(log, bytes.fill(0, end));
  expect(readLevelLog(bytes).records.at(-1)).toMatchObject({ isMended: true });
  expect(await listRows(store)).toEqual(keys.slice(0, -1));
});

test('room: a byte that another disk changed in what was seen is damage, also at the end', async () => {
  const { store, log } = await makeKilled();
  await writeWitness(store, rowCount);
  const bytes = readFileSync(log);
  writeFileSync(
    log,
    bytes.fill(
      0,
      bytes.findLastIndex((byte) => byte !== 0),
    ),
  );
  await expect(listRows(store)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  expect(readFileSync(log).equals(bytes)).toBe(true);
});

test('room: a later batch that the disk kept without the one before it goes too', async () => {
  const { store, log } = await makeKilled();
  await writeWitness(store, rowCount - 10);
  blank(log, rowCount - 5);
  expect(await listRows(store)).toEqual(keys.slice(0, -5));
});

test('room: a batch that was seen on the disk and is blank is damage, and nothing is thrown away', async () => {
  const { store, log } = await makeKilled();
  await writeWitness(store, rowCount - 2);
  blank(log, rowCount - 5);
  const before = readFileSync(log);
  await expect(listRows(store)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  expect(readFileSync(log).equals(before)).toBe(true);
});

test('room: without a witness nobody can say that what is blank was never acknowledged, so it is damage', async () => {
  const { store, log } = await makeKilled();
  blank(log, rowCount - 5);
  await expect(listRows(store)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
});
