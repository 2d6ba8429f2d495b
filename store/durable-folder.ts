/*
 * A folder of a home, made so that its name survives the loss of power.
 *
 * What is written into a folder and synced there is gone all the same with the folder's own name, which is in the
 * folder above. Errors: the operating system's own.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '../protocol/sync-directory.ts';

/** Makes it where it is missing, with those above it, and brings the names of all that were made to the disk. */
export async function makeDurableFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const top = dirname(first);
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    await syncDirectory(folder);
    if (folder === top || folder === dirname(folder)) return;
  }
}
