/*
 * A witness of how much a store must remember, beside LevelDB's own files: `TAIL`, the number of synced batches.
 *
 * LevelDB passes over a log that was cut, or damaged in its middle, without a word, and over a byte that was changed in
 * a table. So before a program opens its store logs and tables are read, and after it the batches are counted: fewer
 * than the witness saw, a gap with whole records behind it, or another sum than was written, is damage. The witness is written now and then and at the end, never synced and never ahead of
 * the disk, so what it says was there. One that cannot be read says nothing. Errors: STORE_DAMAGED, STORE_IO.
 */
import { open, readdir, readFile, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, hasSystemCode, wrapError } from '../protocol/errors.ts';
import type { CancelTimer, Timers } from '../protocol/ports.ts';
import { expectOwnHome } from './home.ts';
import type { WatchedStore } from './home-disk.ts';
import { tailKey } from './keys.ts';
import type { Kv } from './kv.ts';
import { syncPath } from './level-names.ts';
import { tablesBytesMax, witnessMs } from './limits.ts';
import { isStoreMade, witnessFile } from './made.ts';
import { openLevelKv } from './open.ts';
import { readSyncedTail, tailSchema } from './reopen.ts';
import { readRow } from './row-codec.ts';
import { type LogContent, readLevelLog } from './salvage/level-log.ts';
import { readBatch, UnfitError } from './salvage/level-values.ts';
import { listDamagedTables } from './salvage/table-sums.ts';
import { holdStore } from './store-lock.ts';

/** As many as a number of batches may have. */
const witnessDigits = 15;

/** So many batches were synced at least; 0 where nobody saw. */
export async function readWitness(store: string): Promise<number> {
  const text = await readFile(join(store, witnessFile), 'utf8').catch(() => '');
  const tail = /^(\d{1,15})\n$/.exec(text)?.[1];
  return tail === undefined ? 0 : Number(tail);
}

/**
 * Says that so many were synced. It is written over in its place, in one length: what a loss of power leaves is an older
 * word, and never a file that was just emptied, which would know nothing. Errors: what the system says.
 */
export async function writeWitness(store: string, tail: number): Promise<void> {
  const path = join(store, witnessFile);
  const file = await open(path, 'r+').catch((thrown: unknown) => {
    if (!hasSystemCode(thrown, 'ENOENT')) throw thrown;
    return open(path, 'w', 0o600);
  });
  try {
    await file.write(`${String(tail).padStart(witnessDigits, '0')}\n`, 0);
  } finally {
    await file.close();
  }
}

/** Refuses a store that remembers fewer batches than somebody saw. Errors: STORE_DAMAGED. */
export async function checkAfterOpen(store: string, synced: number): Promise<number> {
  const seen = await readWitness(store);
  if (synced >= seen) return seen;
  const detail = `The store in ${store} remembers ${synced} batches of ${seen}: acknowledged writes are missing.`;
  throw new AppError('STORE_DAMAGED', detail);
}

/**
 * Reads the logs and tables of a closed store as LevelDB will, and says what it would pass over. Errors: STORE_DAMAGED,
 * STORE_IO; STORE_LOCKED where a log was torn by a loss of power and another process owns the store.
 */
export async function checkBeforeOpen(store: string): Promise<void> {
  const names = await readdir(store).catch((thrown: unknown) => {
    if (hasSystemCode(thrown, 'ENOENT') || hasSystemCode(thrown, 'ENOTDIR')) return [];
    throw wrapError(thrown, 'STORE_IO');
  });
  const logs = names.filter((one) => /^\d+\.log$/.test(one)).toSorted();
  for (const name of logs) {
    if (!(await isDamagedLog(join(store, name)))) continue;
    if (name === logs.at(-1) && (await cutTornLog(store, name))) continue;
    const detail = `The log ${name} of the store in ${store} is damaged, with whole records behind it.`;
    throw new AppError('STORE_DAMAGED', detail);
  }
  // Opening it may put tables together, and what is damaged would then have a sum that fits.
  const [table] = await listDamagedTables(store, tablesBytesMax);
  if (table === undefined) return;
  const detail = `The table ${table.name} of the store in ${store} is not as it was written.`;
  throw new AppError('STORE_DAMAGED', detail);
}

async function readLog(path: string): Promise<LogContent> {
  const file = await readFile(path).catch((thrown: unknown) => {
    // Another process owns the store, and has just begun another log.
    if (hasSystemCode(thrown, 'ENOENT')) return new Uint8Array();
    throw wrapError(thrown, 'STORE_IO');
  });
  return readLevelLog(file);
}

async function isDamagedLog(path: string): Promise<boolean> {
  const { gaps, records } = await readLog(path);
  return gaps.some(({ kind }) => kind === 'middle') || records.some(({ isMended }) => isMended);
}

/**
 * In a log with room ahead a loss of power may keep the later of two batches that were on their way to the disk, and not the
 * earlier. Neither was acknowledged where the witness saw none of them, and then both go: a store remembers a beginning of
 * what was written, never a part out of its middle. False where this is not what is wrong.
 */
async function cutTornLog(store: string, name: string): Promise<boolean> {
  const held = await holdStore(store);
  try {
    const path = join(store, name);
    const { gaps, records } = await readLog(path);
    const last = records.at(-1);
    // What lacks its last byte alone, which lay in a page of its own, could be put right and is torn all the same.
    const torn = last?.isMended === true ? last : undefined;
    const gap = gaps.find(({ kind }) => kind === 'middle') ?? torn;
    if (gap === undefined || records.some((one) => one.isMended && one !== torn)) return false;
    const before = records.filter(({ at }) => at < gap.at).at(-1);
    const known = before === undefined ? undefined : findTail(before.bytes);
    const seen = await readWitness(store);
    // Where nobody saw anything, nothing says that this was not acknowledged.
    if (known === undefined || seen === 0 || known < seen) return false;
    await truncate(path, gap.at);
    await syncPath(path);
    return true;
  } finally {
    await held.release();
  }
}

/** The count that a batch brings along, where it does. */
function findTail(batch: Uint8Array): number | undefined {
  try {
    const { entries } = readBatch(batch);
    const value = entries.findLast(({ key }) => key === tailKey)?.value ?? undefined;
    return value === undefined ? undefined : readRow(tailSchema, { key: tailKey, value });
  } catch (thrown) {
    if (thrown instanceof UnfitError || thrown instanceof AppError) return undefined;
    throw thrown;
  }
}

/**
 * Opens a store that nobody serves, for a look: never one that is not there, for opening would make it and it would be
 * missed no more. Errors: STORE_MISSING, STORE_LOCKED, STORE_DAMAGED, STORE_IO; HOME_FOREIGN for root where the
 * home is another user's.
 */
export async function openRestingKv(store: string): Promise<Kv> {
  if (!(await isStoreMade(store))) {
    throw new AppError('STORE_MISSING', `There is no store in ${store}.`);
  }
  await expectOwnHome(dirname(store));
  return openCheckedKv(store);
}

/**
 * Opens a store that nobody serves, and none that LevelDB would throw away in part; one that was never made whole is
 * made. Errors: STORE_LOCKED, STORE_DAMAGED, STORE_IO.
 */
export async function openCheckedKv(store: string): Promise<Kv> {
  await checkBeforeOpen(store);
  const kv = await openLevelKv(store);
  try {
    await checkAfterOpen(store, await readSyncedTail(kv));
    return kv;
  } catch (thrown) {
    await kv.close();
    throw thrown;
  }
}

/** Checks an open store against the witness, and keeps it from now on. Closes the store where it fails. */
export async function keepWitness(
  disk: WatchedStore,
  { store, timers }: { readonly store: string; readonly timers: Timers },
): Promise<WatchedStore> {
  const seen = await checkAfterOpen(store, disk.countSynced()).catch(async (thrown: unknown) => {
    await disk.kv.close();
    throw thrown;
  });
  let written = seen;
  let writing = Promise.resolve();
  const write = () => {
    const tail = disk.countSynced();
    if (tail === written) return;
    written = tail;
    // Nothing waits for it, and the next one says more.
    writing = writing.then(() => writeWitness(store, tail)).catch(() => undefined);
  };
  let cancel: CancelTimer = () => undefined;
  const plan = () => {
    cancel = timers.after(witnessMs, () => {
      write();
      plan();
    });
  };
  plan();
  const close = async () => {
    cancel();
    await disk.kv.close();
    write();
    await writing;
  };
  const { kv } = disk;
  return {
    ...disk,
    kv: {
      get: (key) => kv.get(key),
      range: (range) => kv.range(range),
      snapshot: () => kv.snapshot(),
      batch: (ops, durability) => kv.batch(ops, durability),
      close,
    },
  };
}
