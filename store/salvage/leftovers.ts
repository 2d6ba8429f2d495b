/*
 * What programs that died left in a home: a socket nobody answers on, files that were never renamed, half a backup,
 * half of what a restore unpacked, locks of tools.
 *
 * Only what our own programs make and what nobody can need is named. Errors: STORE_IO.
 */
import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { wrapError } from '../../protocol/errors.ts';
import { freshFolder, movesFile } from '../backup-restore.ts';

/** A file that is younger may be at work. */
const leftMsMin = 60 * 60 * 1000;

/** Paths of what may go, while a program may run here. */
export async function listHalfDone(home: string, now: number): Promise<readonly string[]> {
  const [names, backups] = await Promise.all([listNames(home), listNames(join(home, 'backups'))]);
  const paths = [
    // What is being moved is no leftover: whoever starts next goes on with it.
    ...names.filter((name) => name !== freshFolder || !names.includes(movesFile)),
    ...backups.map((name) => join('backups', name)),
  ].map((name) => join(home, name));
  const old = await Promise.all(paths.map((path) => isLeft(path, now)));
  return paths.filter((_, index) => old[index]);
}

/** The same, and the socket: nobody answers on it. */
export async function listLeftovers(
  home: string,
  { socket, now }: { readonly socket: string; readonly now: number },
): Promise<readonly string[]> {
  const isSocket = await lstat(socket).then(
    (found) => found.isSocket(),
    () => false,
  );
  return [...(isSocket ? [socket] : []), ...(await listHalfDone(home, now))];
}

function listNames(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

/** Removes them. */
export async function removeLeftovers(paths: readonly string[]): Promise<void> {
  try {
    for (const path of paths) await rm(path, { recursive: true, force: true });
  } catch (thrown) {
    throw wrapError(thrown, 'STORE_IO');
  }
}

async function isLeft(path: string, now: number): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || now - found.mtimeMs < leftMsMin) return false;
  if (/\.(\d+|[0-9a-f]{8})\.new$/.test(path)) return found.isFile();
  return found.isDirectory() && (/\/hold-\w{6}$/.test(path) || basename(path) === freshFolder);
}
