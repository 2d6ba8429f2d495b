/*
 * A directory's list of names on the disk: what a crash must not take back after a file was made,
 * renamed or linked. Errors: the operating system's own.
 */
import { open } from 'node:fs/promises';

/** Brings a directory's list of names to the disk. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
