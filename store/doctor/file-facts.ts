/*
 * What a doctor sees of the files of a home: whose they are, and whether each is what it should be.
 *
 * It reads names, modes, sizes and the key's shape, and opens no store. Source: lstat(2).
 */
import type { Stats } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BoxContext } from './box-context.ts';
import { archiveFilesMax } from './limits.ts';

/** A file that belongs to another user than the home. */
export interface ForeignFact {
  readonly path: string;
  readonly owner: number;
}

/** The whole snapshot. `user` is whose files these are to be; null where the system has no users. */
export interface FileFacts {
  readonly user: number | null;
  readonly foreign: readonly ForeignFact[];
  /** Settings that others may write. */
  readonly writable: readonly string[];
  /** What lies in the place of a folder, and is none. */
  readonly noFolders: readonly string[];
  readonly log: { readonly path: string; readonly bytes: number };
  readonly archive: { readonly path: string; readonly bytes: number };
  readonly socket: string;
  /** The key's path where it cannot be a key. */
  readonly damagedKey: string | null;
}

/** Gathers the facts. */
export async function gatherFiles({ files }: BoxContext): Promise<FileFacts> {
  const { directory, key, log, settings, folders, archive, socket } = files;
  const user = await findUser(directory);
  const found = new Map<string, Stats>();
  for (const path of [directory, key, log, archive, ...settings, ...folders]) {
    const stats = await lstat(path).catch(() => undefined);
    if (stats !== undefined) found.set(path, stats);
  }
  const list = (test: (stats: Stats) => boolean, paths: readonly string[] = [...found.keys()]) =>
    paths.filter((path) => {
      const stats = found.get(path);
      return stats !== undefined && test(stats);
    });
  return {
    user,
    foreign: list((stats) => user !== null && stats.uid !== user).map((path) => ({
      path,
      owner: found.get(path)?.uid ?? -1,
    })),
    writable: list((stats) => stats.isFile() && (stats.mode & 0o002) !== 0, settings),
    noFolders: list((stats) => !stats.isDirectory() && !stats.isSymbolicLink(), folders),
    log: { path: log, bytes: found.get(log)?.size ?? 0 },
    archive: { path: archive, bytes: await sumSizes(archive) },
    socket,
    damagedKey: (await isKey(key)) ? null : key,
  };
}

/**
 * Whose the files of a home are to be: who runs this. But root, who may look after the home of another, would take it away
 * from him.
 */
export async function findUser(directory: string): Promise<number | null> {
  const user = process.geteuid?.() ?? null;
  if (user !== 0) return user;
  const found = await lstat(directory).catch(() => undefined);
  return found?.uid ?? user;
}

async function sumSizes(folder: string): Promise<number> {
  const names = await readdir(folder).catch((): string[] => []);
  let bytes = 0;
  for (const name of names.slice(0, archiveFilesMax)) {
    bytes += (await lstat(join(folder, name)).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}

/** A seed of 32 bytes in hex; a home that has none yet will make one. */
async function isKey(path: string): Promise<boolean> {
  const text = await readFile(path, 'latin1').catch(() => undefined);
  return text === undefined || /^[0-9a-f]{64}\s*$/i.test(text);
}
