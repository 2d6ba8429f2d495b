/*
 * The mark that a home has a store, beside the store: what was removed whole is missed, and not begun anew without a word.
 *
 * A store that begins empty in the place of another knows no worker and no job, and gives the numbers of old jobs to new
 * ones, whose logs lie there still. So whoever opens a marked home without a store is refused, until the store is back or
 * what belonged to it was put aside. Errors: STORE_MISSING, STORE_IO.
 */
import { mkdir, open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, wrapError } from '../protocol/errors.ts';
import { isThere } from '../protocol/is-there.ts';
import { syncDirectory } from '../protocol/sync-directory.ts';
import { isStoreMade } from './made.ts';

/** A store, and the file beside it that says so. */
export interface MarkedStore {
  readonly store: string;
  readonly mark: string;
}

/** Why a home may not be opened whose store was removed; undefined where it may. */
export async function findMissingStore({
  store,
  mark,
}: MarkedStore): Promise<AppError | undefined> {
  // In this order: who makes a store marks it last, and may just be at it.
  if (!(await isThere(mark)) || (await isStoreMade(store))) return undefined;
  return new AppError('STORE_MISSING', `There was a store in ${store}, and it is gone.`);
}

/** Says from now on that there is a store. Call once it is open. Errors: STORE_IO. */
export async function markStore({ mark }: MarkedStore): Promise<void> {
  if (await isThere(mark)) return;
  try {
    const file = await open(mark, 'a', 0o600);
    await file.close();
    await syncDirectory(dirname(mark));
  } catch (thrown) {
    throw wrapError(thrown, 'STORE_IO');
  }
}

/**
 * Moves these files and folders, which belonged to a store that is gone, into the home's folder `aside`, and the mark last:
 * what was cut off is gone on with by another call. Gives back what was moved. Errors: STORE_IO.
 */
export async function putAsideOrphans(
  { mark }: MarkedStore,
  { paths, aside }: { readonly paths: readonly string[]; readonly aside: string },
): Promise<readonly string[]> {
  const moved: string[] = [];
  try {
    await mkdir(aside, { recursive: true, mode: 0o700 });
    for (const path of [...paths, mark]) {
      if (!(await isThere(path))) continue;
      await rename(path, join(aside, basename(path)));
      if (path !== mark) moved.push(path);
    }
    await syncDirectory(aside);
    await syncDirectory(dirname(aside));
    await syncDirectory(dirname(mark));
  } catch (thrown) {
    throw wrapError(thrown, 'STORE_IO');
  }
  return moved;
}
