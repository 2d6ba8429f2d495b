/*
 * The archive's files in a home: appended, synced, cut; never read and never deleted.
 *
 * They belong to the person: whoever moves them away, compresses or deletes them breaks nothing.
 * Errors: STORE_IO.
 */
import { appendFile, mkdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { hasSystemCode, wrapError } from '../protocol/errors.ts';
import { syncDirectory } from '../protocol/sync-directory.ts';
import type { ArchivePort } from './archive.ts';

/** The archive in `directory`, which is made at the first append. */
export function openArchiveFiles(directory: string): ArchivePort {
  return {
    findSize: (file) => orStoreError(() => findSize(join(directory, file))),
    cut: (file, bytes) => orStoreError(() => truncate(join(directory, file), bytes)),
    append: (file, bytes) =>
      orStoreError(async () => {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        const isNew = (await findSize(join(directory, file))) === 0;
        await appendFile(join(directory, file), bytes, { mode: 0o600, flush: true });
        if (isNew) await syncDirectory(directory);
      }),
  };
}

async function findSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    if (hasSystemCode(thrown, 'ENOENT')) return 0;
    throw thrown;
  }
}

async function orStoreError<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    throw wrapError(thrown, 'STORE_IO');
  }
}
