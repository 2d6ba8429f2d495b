/*
 * The least store that is durable in groups: rows in LevelDB, one synced batch at a time.
 *
 * Rows that arrive while a batch is on its way to the disk share the next one. No checks, no
 * identity, no order but that of the calls: a floor must not do more than it has to.
 */
import { Level } from 'level';

interface Waiting {
  readonly key: string;
  readonly value: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Life cycle: `open`, then `close`. */
export class GroupStore {
  readonly #level: Level<string, Uint8Array>;
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(directory: string) {
    this.#level = new Level(directory, { keyEncoding: 'utf8', valueEncoding: 'view' });
  }

  open(): Promise<void> {
    return this.#level.open();
  }

  close(): Promise<void> {
    return this.#level.close();
  }

  /** Resolves once the row is on the disk. */
  put(key: string, value: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, value, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const rows = group.map(({ key, value }) => ({ type: 'put', key, value }) as const);
      try {
        await this.#level.batch(rows, { sync: true });
        for (const row of group) row.resolve();
      } catch (error) {
        for (const row of group) row.reject(error);
      }
    }
    this.#isRunning = false;
  }
}
