/*
 * Where `wally export` writes: stdout, or a file that is there whole or not at all.
 *
 * A file is written aside, synced and renamed, so that an export which was cut off never looks like one.
 * Errors: USAGE_ARGUMENT where the file cannot be written, as of `wally get`: the place is the asker’s, and no home.
 */
import { open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, readFirstSentence } from '../../protocol/errors.ts';
import { syncDirectory } from '../../protocol/sync-directory.ts';

/** Takes text in order; `finish` makes it count, `discard` leaves no trace. */
export interface ExportTarget {
  write(text: string): Promise<void>;
  finish(): Promise<void>;
  discard(): Promise<void>;
}

/** An export to a terminal or a pipe. */
export function exportTo(print: (text: string) => Promise<void>): ExportTarget {
  return { write: print, finish: async () => undefined, discard: async () => undefined };
}

/** An export into `file`. */
export async function exportInto(file: string, pid: number): Promise<ExportTarget> {
  const aside = `${file}.${pid}.new`;
  const refuse = (cause: unknown): never => {
    const why = readFirstSentence(cause);
    throw new AppError('USAGE_ARGUMENT', `export: ${file} cannot be written (${why}).`, { cause });
  };
  // Its name would be refused only at the end, after all was written.
  const isFolder = await stat(file).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) {
    throw new AppError('USAGE_ARGUMENT', `export: ${file} is a directory; name a file in it.`);
  }
  const handle = await open(aside, 'w', 0o600).catch(refuse);
  return {
    write: (text) => handle.writeFile(text).catch(refuse),
    async finish() {
      await handle.sync().catch(refuse);
      await handle.close().catch(refuse);
      await rename(aside, file).catch(refuse);
      await syncDirectory(dirname(file)).catch(refuse);
    },
    async discard() {
      await handle.close();
      // After its rename there is none; what failed then is what is said.
      await unlink(aside).catch(() => undefined);
    },
  };
}
