/*
 * Going back to an older version whose store a newer one has brought to a newer format.
 *
 * The newer one copied it before it changed it; as long as it greeted no hub, nothing that anybody was told is
 * in the newer one alone, so the copy takes its place. The newer one is kept aside. It is moved in as a restored
 * backup is: a start that comes in between finishes that, and never begins an empty store. Neither of the two is opened
 * before it was looked at, and a copy that is damaged takes nobody's place. Errors: STORE_*, RESTORE_FAILED.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, wrapError } from '../../protocol/errors.ts';
import { nameAside } from '../../store/asides.ts';
import { copyStore } from '../../store/backup.ts';
import { finishRestore, freshFolder, moveIn } from '../../store/backup-restore.ts';
import { readFormat, storeMigrations } from '../../store/format.ts';
import { openCheckedKv, openRestingKv } from '../../store/witness.ts';

/** Makes the store one that this version reads; resolves with where the newer one is, if it had to. */
export async function restoreStore(store: string, at: number): Promise<string | undefined> {
  const home = dirname(store);
  await finishRestore(home);
  if (await isReadable(store)) return undefined;
  const copy = await findCopy(store);
  if (copy === undefined) {
    throw new AppError('STORE_FORMAT', `There is no copy of ${store} that this version can read.`);
  }
  const fresh = join(home, freshFolder);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  await copyStore(copy, join(fresh, basename(store)));
  await proveFresh(join(fresh, basename(store))).catch(async (thrown: unknown) => {
    await rm(fresh, { recursive: true, force: true });
    const { code, message } = wrapError(thrown, 'STORE_IO');
    const detail = `The copy in ${copy} cannot be used, and the store stays as it is: ${message}`;
    throw new AppError(code, detail, { cause: thrown });
  });
  const aside = await nameAside(home, at);
  await moveIn(home, aside);
  await rm(copy, { recursive: true, force: true });
  return join(home, aside, basename(store));
}

/** What is to take the place of a store must be one, and not what is left of a copy that was being removed. */
async function proveFresh(fresh: string): Promise<void> {
  const kv = await openRestingKv(fresh);
  await kv.close();
}

async function isReadable(store: string): Promise<boolean> {
  const kv = await openCheckedKv(store);
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
