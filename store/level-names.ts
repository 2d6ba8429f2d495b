/*
 * The names of LevelDB's logs, brought to the disk before what is in them is acknowledged.
 *
 * LevelDB syncs its directory with each MANIFEST and never for a log that it begins anew. Journalling
 * file systems bring the name along with the first synced byte; POSIX does not promise it. A new log
 * is begun by a write that finds the table in memory full, so the directory is read only after such
 * a write, and synced only where a log is new. Source: reliability facts 2.3 (0 lost in 120 power
 * cuts under strict rules), LevelDB 1.20, db_impl.cc, memtable.cc, arena.cc.
 */
import { open, readdir } from 'node:fs/promises';

const logName = /^(\d+)\.log$/;

/** What LevelDB keeps in memory of what was written. */
export interface LevelMemory {
  /** What its tables in memory hold, or more: its cache is counted too. */
  readonly readMemoryBytes: () => number;
  /** Over this it begins another log. */
  readonly writeBufferBytes: number;
}

/** Watches the directory of one open database. */
export class LevelNames {
  readonly #directory: string;
  readonly #memory: LevelMemory;
  #newest = -1;
  /** May a log have been begun since the last look? */
  #isDue = true;

  constructor(directory: string, memory: LevelMemory) {
    this.#directory = directory;
    this.#memory = memory;
  }

  /** A write is about to begin, and LevelDB looks at its table now. */
  expect(): void {
    const { readMemoryBytes, writeBufferBytes } = this.#memory;
    this.#isDue ||= !(readMemoryBytes() <= writeBufferBytes);
  }

  /** The log that is written to, by its number; -1 before it was looked for. */
  get newest(): number {
    return this.#newest;
  }

  /** Resolves once the name of every log that was written to is on the disk. */
  async settle(): Promise<void> {
    if (!this.#isDue) return;
    const numbers = (await readdir(this.#directory)).map((name) => Number(logName.exec(name)?.[1]));
    const newest = Math.max(...numbers.filter((number) => !Number.isNaN(number)), -1);
    if (newest !== this.#newest) await syncPath(this.#directory);
    this.#newest = newest;
    this.#isDue = false;
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
