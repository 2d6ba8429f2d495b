/*
 * Going back to an older version whose store a newer one has brought to a newer format.
 *
 * The newer one copied it before it changed it; as long as it greeted no hub, nothing that anybody was told is
 * in the newer one alone, so the copy takes its place. The newer one is kept aside. Errors: STORE_*.
 */
import { readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../protocol/errors.ts';
import { readFormat, storeMigrations } from '../../store/format.ts';
import { openLevelKv } from '../../store/open.ts';

/** Makes the store one that this version reads; resolves with where the newer one is, if it had to. */
export async function restoreStore(store: string, at: number): Promise<string | undefined> {
  if (await isReadable(store)) return undefined;
  const copy = await findCopy(store);
  if (copy === undefined) {
    throw new AppError('STORE_FORMAT', `There is no copy of ${store} that this version can read.`);
  }
  const aside = `${store}.newer-${at}`;
  await rename(store, aside);
  await rename(copy, store);
  return aside;
}

async function isReadable(store: string): Promise<boolean> {
  const kv = await openLevelKv(store);
  try {
    await readFormat(kv);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'STORE_FORMAT') return false;
    throw error;
  } finally {
    await kv.close();
  }
}

/** The newest copy of a format that this version knows. */
async function findCopy(store: string): Promise<string | undefined> {
  const prefix = `${basename(store)}.backup-`;
  const formats = (await readdir(dirname(store)))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .filter((format) => format <= storeMigrations.length + 1)
    .sort((a, b) => b - a);
  return formats[0] === undefined ? undefined : join(dirname(store), `${prefix}${formats[0]}`);
}
