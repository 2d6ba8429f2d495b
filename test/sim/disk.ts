/*
 * The simulated disk of one box: rows and logs that outlive the processes using them.
 *
 * Writes take their time and a crash keeps only what was synced, and chance's share of the rest.
 * Reads take their time too and may overtake each other, as LevelDB's do on its threads. All that
 * comes back passes the process that asked, so a dead one never gets an answer.
 */
import type { DiskTiming } from '../../store/disk-timing.ts';
import type { Kv } from '../../store/kv.ts';
import type { LogStore } from '../../store/log.ts';
import { MemoryLogDisk, openMemoryLogs } from '../../store/log-memory.ts';
import { MemoryDisk, openMemoryKv } from '../../store/memory.ts';
import type { Chance } from './chance.ts';
import type { SimClock } from './clock.ts';
import type { Incarnation } from './incarnation.ts';

/** No simulated job writes as much, so no log ever drops its middle. */
const logBytesMax = 4 * 1024 * 1024;

/** What a disk is made from. */
export interface SimDiskParts {
  readonly clock: SimClock;
  readonly chance: Chance;
  readonly syncMs: readonly [min: number, max: number];
  /** Planted faults of the test of the tests. */
  readonly wrapKv: (kv: Kv) => Kv;
}

/** One box's disk. */
export class SimDisk {
  readonly #parts: SimDiskParts;
  #owner: Incarnation | undefined;
  #rows: MemoryDisk;
  #logs: MemoryLogDisk;
  #isFaulty = false;

  constructor(parts: SimDiskParts) {
    this.#parts = parts;
    this.#rows = new MemoryDisk(this.#timing());
    this.#logs = new MemoryLogDisk(this.#timing());
  }

  /** Was a write of the present owner made to fail? */
  get isFaulty(): boolean {
    return this.#isFaulty;
  }

  get logCount(): number {
    return this.#logs.logs.size;
  }

  /** Opens both stores for a process. */
  async open(owner: Incarnation): Promise<{ readonly kv: Kv; readonly logs: LogStore }> {
    this.#owner = owner;
    this.#rows.takeFailure();
    this.#isFaulty = false;
    const kv = this.#parts.wrapKv(await openMemoryKv(this.#rows));
    const logs = await openMemoryLogs(this.#logs, { bytesMax: logBytesMax });
    return { kv: this.#slowReads(kv, owner), logs };
  }

  /** The power goes, or the process does: what was not synced may be gone. */
  crash(): void {
    this.#owner = undefined;
    this.#rows.crash();
    this.#logs.crash();
  }

  /** Everything is gone: the box was made anew. */
  wipe(): void {
    this.crash();
    this.#rows = new MemoryDisk(this.#timing());
    this.#logs = new MemoryLogDisk(this.#timing());
  }

  /** The next write fails. */
  failNext(): void {
    this.#isFaulty = true;
    this.#rows.failNext();
  }

  /** No write is to fail any more. */
  heal(): void {
    this.#rows.takeFailure();
  }

  /** Keys that begin so. */
  listKeys(prefix: string): readonly string[] {
    return this.#rows.rows.list({
      gte: prefix,
      lt: `${prefix.slice(0, -1)}0`,
      countMax: 1000,
      order: 'ascending',
    });
  }

  #timing(): DiskTiming {
    const { clock, chance, syncMs } = this.#parts;
    return {
      timers: {
        after: (delayMs, run) => {
          const owner = this.#owner;
          return clock.after(delayMs, () => owner?.run(run));
        },
      },
      random: chance,
      syncMs,
    };
  }

  /** A read sees the store as it is at its beginning or at its end; either is what disks do. */
  #slowReads(kv: Kv, owner: Incarnation): Kv {
    const { clock, chance } = this.#parts;
    const read = <T>(ask: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        const early = chance.happens(0.5) ? ask() : undefined;
        // Handled below; a read that is never answered must not count as unhandled.
        early?.catch(() => undefined);
        clock.after(chance.between(0.01, chance.happens(0.05) ? 8 : 0.5), () =>
          owner.run(() => (early ?? ask()).then(resolve, reject)),
        );
      });
    return {
      get: (key) => read(() => kv.get(key)),
      range: (range) => read(() => kv.range(range)),
      batch: (ops, durability) => kv.batch(ops, durability),
      close: () => kv.close(),
    };
  }
}
