/*
 * What programs that died left in a home: a socket nobody answers on, files that were never renamed, locks of tools.
 *
 * Only what our own programs make and what nobody can need is named. Errors: STORE_IO.
 */
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { wrapError } from '../../protocol/errors.ts';

/** A file that is younger may be at work. */
const leftMsMin = 60 * 60 * 1000;

/** Paths of what may go. `socket` is the home's; nobody answers on it. */
export async function listLeftovers(
  home: string,
  { socket, now }: { readonly socket: string; readonly now: number },
): Promise<readonly string[]> {
  const names = await readdir(home).catch((): string[] => []);
  const paths = names.map((name) => join(home, name));
  const old = await Promise.all(paths.map((path) => isLeft(path, { socket, now })));
  return paths.filter((_, index) => old[index]);
}

/** Removes them. */
export async function removeLeftovers(paths: readonly string[]): Promise<void> {
  try {
    for (const path of paths) await rm(path, { recursive: true, force: true });
  } catch (thrown) {
    throw wrapError(thrown, 'STORE_IO');
  }
}

async function isLeft(
  path: string,
  { socket, now }: { readonly socket: string; readonly now: number },
): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return false;
  if (path === socket) return found.isSocket();
  const isOld = now - found.mtimeMs >= leftMsMin;
  const isOurs = /\.(\d+|[0-9a-f]{8})\.new$/.test(path)
    ? found.isFile()
    : /\/hold-\w{6}$/.test(path);
  return isOld && isOurs;
}
