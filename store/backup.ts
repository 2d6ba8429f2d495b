/*
 * Opening a store of an older format: a copy of it first, then its migrations.
 *
 * The copy is `STORE.backup-FORMAT` beside the store: every file of the closed store, synced, and
 * under its name only when it is whole. It holds what the store held before the first migration, so
 * one that a crash left there is kept, not overwritten; a later change of format makes one of its own. It goes when
 * the store was opened twice more; who goes back to an older version before that puts it in the store's place, with the program
 * stopped. A newer format is refused, and nothing is changed. Errors: STORE_*.
 */
import { copyFile, lstat, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { hasSystemCode, wrapError } from '../protocol/errors.ts';
import {
  type Migration,
  migrateStore,
  readFormat,
  readIncarnation,
  storeMigrations,
} from './format.ts';
import { backupKey } from './keys.ts';
import type { Kv } from './kv.ts';
import { syncPath } from './level-names.ts';
import { backupStartsMin } from './limits.ts';
import { openLevelKv } from './open.ts';
import { findRow, planRow } from './row-codec.ts';

const backupSchema = z.object({
  format: z.number().int().positive(),
  /** Of the store when the copy was made. */
  incarnation: z.number().int().nonnegative(),
});

/** Opens the store in `directory` in the newest format; one that is made now stays empty. */
export async function openMigratedKv(
  directory: string,
  migrations: readonly Migration[] = storeMigrations,
): Promise<Kv> {
  const kv = await openLevelKv(directory);
  try {
    const format = await readFormat(kv, migrations);
    if (format !== undefined && format <= migrations.length) {
      return await migrate(kv, { directory, format, migrations });
    }
    await dropOldBackup(kv, directory);
    return kv;
  } catch (thrown) {
    await kv.close();
    throw thrown;
  }
}

interface Plan {
  readonly directory: string;
  readonly format: number;
  readonly migrations: readonly Migration[];
}

async function migrate(old: Kv, { directory, format, migrations }: Plan): Promise<Kv> {
  const made = await findRow(old, backupKey, backupSchema);
  const incarnation = await readIncarnation(old);
  // One of an earlier start is of an earlier change of format: it lacks what was written since.
  const isMade =
    made?.incarnation === incarnation && (await exists(nameBackup(directory, made.format)));
  if (!isMade) {
    // One of this name would be taken for the new one, if that is cut off; it may be of another store too, which lay
    // here before this one was restored.
    await removeStale(nameBackup(directory, format));
    // Told before it is made: a copy that nobody knows of would lie there for ever.
    await old.batch([planRow(backupKey, { format, incarnation })], 'synced');
  }
  await old.close();
  if (!isMade) await copyStore(directory, nameBackup(directory, format));
  const kv = await openLevelKv(directory);
  try {
    await migrateStore(kv, format, migrations);
    return kv;
  } catch (thrown) {
    await kv.close();
    throw thrown;
  }
}

/** Copies have done their service when the store was opened often enough without the newest. */
async function dropOldBackup(kv: Kv, directory: string): Promise<void> {
  const made = await findRow(kv, backupKey, backupSchema);
  if (made === undefined) return;
  // The start that migrated counts one up itself.
  if ((await readIncarnation(kv)) <= made.incarnation + backupStartsMin) return;
  // One change of format may have followed another soon; the copy of each is there until then.
  for (let format = 1; format <= made.format; format += 1) {
    await removeCopy(nameBackup(directory, format));
  }
  await kv.batch([{ type: 'del', key: backupKey }], 'synced');
}

/** What is no folder is no copy of ours, and stands in the way of one. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory() === true) await removeCopy(path);
}

async function removeCopy(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (thrown) {
    throw wrapError(thrown, 'STORE_IO');
  }
}

function nameBackup(directory: string, format: number): string {
  return join(dirname(directory), `${basename(directory)}.backup-${format}`);
}

/** Copies a store that nobody has open, whole or not at all, and durably. Errors: STORE_IO. */
export async function copyStore(from: string, to: string): Promise<void> {
  const unfinished = `${to}.new`;
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { mode: 0o700 });
    for (const name of await readdir(from)) {
      // The lock is of the process, not of the data.
      if (name === 'LOCK') continue;
      await copyFile(join(from, name), join(unfinished, name));
      await syncPath(join(unfinished, name));
    }
    await syncPath(unfinished);
    await rename(unfinished, to);
    await syncPath(dirname(to));
  } catch (thrown) {
    await rm(unfinished, { recursive: true, force: true });
    throw wrapError(thrown, 'STORE_IO');
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (thrown) {
    if (hasSystemCode(thrown, 'ENOENT')) return false;
    throw wrapError(thrown, 'STORE_IO');
  }
}
