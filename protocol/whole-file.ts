/*
 * A small file that is whole or not there at all, also after a cut of power.
 *
 * A rename alone does that for programs only: a file system may bring the new name to the disk before
 * the bytes, and a cut then leaves an empty file of that name. So the bytes go first, and the name has
 * followed when this resolves. Errors: the operating system's own.
 */
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from './sync-directory.ts';

/** What to write, and under which name until it is whole; two writers need two such names. */
export interface WholeFile {
  readonly file: string;
  /** In the same directory. */
  readonly aside: string;
  readonly text: string;
}

/** Writes it, only its owner may read it. Resolves once it is on the disk under its name. */
export async function saveWhole({ file, aside, text }: WholeFile): Promise<void> {
  await writeFile(aside, text, { mode: 0o600, flush: true });
  await rename(aside, file);
  await syncDirectory(dirname(file));
}

/** The same before it returns, for who may end right after it. */
export function saveWholeNow({ file, aside, text }: WholeFile): void {
  writeFileSync(aside, text, { mode: 0o600, flush: true });
  renameSync(aside, file);
  const directory = openSync(dirname(file), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
