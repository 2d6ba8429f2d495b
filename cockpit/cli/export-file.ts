/*
 * Where `wally export` writes: stdout, or a file that is there whole or not at all.
 *
 * A file is written aside, synced and renamed, so that an export which was cut off never looks like one.
 * Errors: HOME_UNWRITABLE when the file cannot be written.
 */
import { open, rename, unlink } from 'node:fs/promises';
import { wrapError } from '../../protocol/errors.ts';

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
  try {
    const handle = await open(aside, 'w', 0o600);
    return {
      async write(text) {
        await handle.writeFile(text);
      },
      async finish() {
        await handle.sync();
        await handle.close();
        await rename(aside, file);
      },
      async discard() {
        await handle.close();
        await unlink(aside);
      },
    };
  } catch (thrown) {
    throw wrapError(thrown, 'HOME_UNWRITABLE');
  }
}
