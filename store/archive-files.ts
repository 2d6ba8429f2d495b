/*
 * The archive's files in a home: appended, synced, cut; never read and never deleted.
 *
 * They belong to the person: whoever moves them away, compresses or deletes them breaks nothing.
 * Errors: STORE_IO.
 */

import { appendFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { wrapError } from '../protocol/errors.ts';
import { syncDirectory } from '../protocol/sync-directory.ts';
import type { ArchivePort } from './archive.ts';
import { makeDurableFolder } from './durable-folder.ts';
import { findSize } from './file-size.ts';

/** The archive in `directory`, which is made at the first append. */
export function openArchiveFiles(directory: string): ArchivePort {
  return {
    findSize: (file) => orStoreError(async () => (await findSize(join(directory, file))) ?? 0),
    cut: (file, bytes) => orStoreError(() => truncate(join(directory, file), bytes)),
    append: (file, bytes) =>
      orStoreError(async () => {
        await makeDurableFolder(directory);
        const isNew = ((await findSize(join(directory, file))) ?? 0) === 0;
        await appendFile(join(directory, file), bytes, { mode: 0o600, flush: true });
        if (isNew) await syncDirectory(directory);
      }),
  };
}

async function orStoreError<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    throw wrapError(thrown, 'STORE_IO');
  }
}
