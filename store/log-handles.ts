/*
 * The open files of all logs of one home: few, the latest used, each at most once.
 *
 * Opening and closing a file costs more than writing a piece of output to it, so the files that
 * are written and read just now stay open; beyond the cap the one that was used longest ago is
 * closed, and opened again when it is wanted. Invariant: more than the cap are open only while
 * that many are in use at the same moment. A path that is removed must be forgotten here.
 */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';

/** Does the file have to be there already, or is it made anew? */
export type OpenMode = 'existing' | 'new';

interface Entry {
  readonly handle: Promise<FileHandle>;
  useCount: number;
  isDropped: boolean;
}

/** Life cycle: it opens files as they are used; `close` closes all. */
export class LogHandles {
  readonly #countMax: number;
  /** By path, the one used longest ago first. */
  readonly #entries = new Map<string, Entry>();

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** Files that are open, or about to be. */
  get openCount(): number {
    return this.#entries.size;
  }

  /** Runs `job` with the open file. Errors: those of the system. */
  async use<T>(
    { path, mode }: { readonly path: string; readonly mode: OpenMode },
    job: (handle: FileHandle) => Promise<T>,
  ): Promise<T> {
    const entry = this.#entries.get(path) ?? createEntry(path, mode);
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    entry.useCount += 1;
    try {
      return await job(await entry.handle.catch((thrown: unknown) => this.#reject(path, thrown)));
    } finally {
      entry.useCount -= 1;
      if (entry.isDropped) await closeUnused(entry);
      else if (this.#entries.size > this.#countMax) await this.#trim();
    }
  }

  /** Closes the file once nobody uses it; a later use opens what then has this path. */
  async forget(path: string): Promise<void> {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    this.#entries.delete(path);
    entry.isDropped = true;
    await closeUnused(entry);
  }

  /** Closes every file; one in use as soon as its user is done. */
  async close(): Promise<void> {
    await Promise.all([...this.#entries.keys()].map((path) => this.forget(path)));
  }

  #reject(path: string, thrown: unknown): never {
    this.#entries.delete(path);
    throw thrown;
  }

  async #trim(): Promise<void> {
    for (const [path, { useCount }] of [...this.#entries]) {
      if (this.#entries.size <= this.#countMax) return;
      if (useCount === 0) await this.forget(path);
    }
  }
}

function createEntry(path: string, mode: OpenMode): Entry {
  const handle = open(path, mode === 'new' ? 'w+' : 'r+', 0o600);
  return { handle, useCount: 0, isDropped: false };
}

async function closeUnused({ handle, useCount }: Entry): Promise<void> {
  if (useCount === 0) await (await handle.catch(() => undefined))?.close();
}
