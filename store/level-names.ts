/*
 * The names of LevelDB's logs, brought to the disk before what is in them is acknowledged.
 *
 * LevelDB syncs its directory with each MANIFEST and never for a log that it begins anew. Journalling
 * file systems bring the name along with the first synced byte; POSIX does not promise it. A new log
 * is begun when the table in memory is full, so the directory is read only once so many bytes were
 * written that this may have happened, and synced only where it did. Source: reliability facts 2.3
 * (0 lost in 120 power cuts under strict rules), LevelDB 1.20, db_impl.cc, memtable.cc, arena.cc.
 */
import { open, readdir } from 'node:fs/promises';
import type { KvOp } from './kv.ts';
import { levelArenaFactor, levelEntryBytesMax, levelWriteBufferBytes } from './limits.ts';

const logName = /^(\d+)\.log$/;

/** Watches the directory of one open database. */
export class LevelNames {
  readonly #directory: string;
  #newest = -1;
  /** At most so much is in LevelDB's table in memory. */
  #bytes = Number.POSITIVE_INFINITY;
  #bytesSinceLook = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** These changes were written. */
  note(ops: readonly KvOp[]): void {
    let bytes = 0;
    for (const op of ops) {
      // A letter is at most three bytes in UTF-8.
      bytes += op.key.length * 3 + levelEntryBytesMax;
      if (op.type === 'put') bytes += op.value.length;
    }
    this.#bytes += bytes * levelArenaFactor;
    this.#bytesSinceLook += bytes * levelArenaFactor;
  }

  /** Resolves once the name of every log that was written to is on the disk. */
  async settle(): Promise<void> {
    if (this.#bytes < levelWriteBufferBytes) return;
    const numbers = (await readdir(this.#directory)).map((name) => Number(logName.exec(name)?.[1]));
    const newest = Math.max(...numbers.filter((number) => !Number.isNaN(number)), -1);
    if (newest !== this.#newest) {
      await syncPath(this.#directory);
      this.#newest = newest;
      // It may have begun with any batch since the last look.
      this.#bytes = this.#bytesSinceLook;
    }
    this.#bytesSinceLook = 0;
  }
}

/** Brings a file's or a directory's content to the disk; `a` makes a file that is not there. */
export async function syncPath(path: string, flags: 'a' | 'r' = 'r'): Promise<void> {
  const handle = await open(path, flags, 0o600);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
