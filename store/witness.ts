/*
 * A witness of how much a store must remember, beside LevelDB's own files: `TAIL`, the number of synced batches.
 *
 * LevelDB passes over a log that was cut, or damaged in its middle, without a word, and over a byte that was changed in
 * a table. So before a program opens its store logs and tables are read, and after it the batches are counted: fewer
 * than the witness saw, a gap with whole records behind it, or another sum than was written, is damage. The witness is written now and then and at the end, never synced and never ahead of
 * the disk, so what it says was there. One that cannot be read says nothing. Errors: STORE_DAMAGED, STORE_IO.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, hasSystemCode, wrapError } from '../protocol/errors.ts';
import type { CancelTimer, Timers } from '../protocol/ports.ts';
import type { WatchedStore } from './home-disk.ts';
import type { Kv } from './kv.ts';
import { tablesBytesMax, witnessMs } from './limits.ts';
import { openLevelKv } from './open.ts';
import { readSyncedTail } from './reopen.ts';
import { readLevelLog } from './salvage/level-log.ts';
import { listDamagedTables } from './salvage/table-sums.ts';
import { isStoreMade } from './store-mark.ts';

const witnessFile = 'TAIL';

/** So many batches were synced at least; 0 where nobody saw. */
export async function readWitness(store: string): Promise<number> {
  const text = await readFile(join(store, witnessFile), 'utf8').catch(() => '');
  const tail = /^(\d{1,15})\n$/.exec(text)?.[1];
  return tail === undefined ? 0 : Number(tail);
}

/** Says that so many were synced. Errors: what the system says. */
export function writeWitness(store: string, tail: number): Promise<void> {
  return writeFile(join(store, witnessFile), `${tail}\n`, { mode: 0o600 });
}

/** Refuses a store that remembers fewer batches than somebody saw. Errors: STORE_DAMAGED. */
export async function checkAfterOpen(store: string, synced: number): Promise<number> {
  const seen = await readWitness(store);
  if (synced >= seen) return seen;
  const detail = `The store in ${store} remembers ${synced} batches of ${seen}: acknowledged writes are missing.`;
  throw new AppError('STORE_DAMAGED', detail);
}

/** Reads the logs and tables of a closed store as LevelDB will, and says what it would pass over. */
export async function checkBeforeOpen(store: string): Promise<void> {
  const names = await readdir(store).catch((thrown: unknown) => {
    if (hasSystemCode(thrown, 'ENOENT') || hasSystemCode(thrown, 'ENOTDIR')) return [];
    throw wrapError(thrown, 'STORE_IO');
  });
  for (const name of names.filter((one) => /^\d+\.log$/.test(one))) {
    const file = await readFile(join(store, name)).catch((thrown: unknown) => {
      // Another process owns the store, and has just begun another log.
      if (hasSystemCode(thrown, 'ENOENT')) return new Uint8Array();
      throw wrapError(thrown, 'STORE_IO');
    });
    const { gaps, records } = readLevelLog(file);
    const isDamaged = gaps.some(({ kind }) => kind === 'middle');
    if (isDamaged || records.some(({ isMended }) => isMended)) {
      const detail = `The log ${name} of the store in ${store} is damaged, with whole records behind it.`;
      throw new AppError('STORE_DAMAGED', detail);
    }
  }
  // Opening it may put tables together, and what is damaged would then have a sum that fits.
  const [table] = await listDamagedTables(store, tablesBytesMax);
  if (table === undefined) return;
  const detail = `The table ${table.name} of the store in ${store} is not as it was written.`;
  throw new AppError('STORE_DAMAGED', detail);
}

/**
 * Opens a store that nobody serves, for a look: never one that is not there, for opening would make it and it would be
 * missed no more. Errors: STORE_MISSING, STORE_LOCKED, STORE_DAMAGED, STORE_IO.
 */
export async function openRestingKv(store: string): Promise<Kv> {
  if (!(await isStoreMade(store))) {
    throw new AppError('STORE_MISSING', `There is no store in ${store}.`);
  }
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
