/*
 * Holding a store that is not opened: nobody else can open it meanwhile, and nothing in it is touched.
 *
 * Opening a damaged store changes it: LevelDB reads its log, drops what it cannot read, and deletes the log. Its
 * lock is on the inode of `LOCK`, so a throw-away store whose `LOCK` is a hard link to it takes the very lock. On a file system
 * without hard links it is a symbolic one, and lies among the temporary files, for there may be none of these either.
 * Errors: STORE_LOCKED, STORE_IO, HOME_UNWRITABLE. Source: LevelDB 1.20, util/env_posix.cc; fcntl(2).
 */
import { link, mkdir, mkdtemp, open, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { hasSystemCode, wrapError } from '../protocol/errors.ts';
import { openLevelKv } from './open.ts';

/** A store that is held. */
export interface HeldStore {
  /** Lets go of it; safe to repeat. */
  release(): Promise<void>;
}

/** Holds the store in `directory`, whose folder is made where it is missing. */
export async function holdStore(directory: string): Promise<HeldStore> {
  let place = await makePlace(directory);
  const drop = () => rm(place, { recursive: true, force: true });
  try {
    await (await open(join(directory, 'LOCK'), 'a', 0o600)).close();
    const isLinked = await link(join(directory, 'LOCK'), join(place, 'LOCK')).then(
      () => true,
      isNoLink,
    );
    if (!isLinked) {
      await drop();
      place = await mkdtemp(join(tmpdir(), 'wally-hold-'));
      await symlink(resolve(directory, 'LOCK'), join(place, 'LOCK'));
    }
    const kv = await openLevelKv(place);
    return {
      async release() {
        await kv.close();
        await drop();
      },
    };
  } catch (thrown) {
    await drop();
    throw wrapError(thrown, 'STORE_IO');
  }
}

/** False where the file system knows no hard links; any other failure goes on. */
function isNoLink(thrown: unknown): false {
  const codes = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];
  if (codes.some((code) => hasSystemCode(thrown, code))) return false;
  throw thrown;
}

/** Is this a folder in which nothing was ever made but the lock, and what LevelDB writes before it asks for that? */
export async function isBareStore(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch(() => ['unread']);
  return names.every((name) => /^(LOCK|LOG|LOG\.old)$/.test(name));
}

/** Where nothing can be made, as on a file system that is read-only, the store is not what is wrong. */
async function makePlace(directory: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return await mkdtemp(join(dirname(directory), 'hold-'));
  } catch (thrown) {
    throw wrapError(thrown, 'HOME_UNWRITABLE');
  }
}
