/*
 * The simulated disk of one box: rows and logs that outlive the processes using them.
 *
 * Writes take their time and a crash keeps only what was synced, and chance's share of the rest.
 * Reads take their time too and may overtake each other, as LevelDB's do on its threads. All that
 * comes back passes the process that asked, so a dead one never gets an answer. A process opens it as
 * the programs do: through a store that mends itself, with a watch over the room.
 */
import type { AttemptId } from '../../protocol/model.ts';
import type { ArtifactStore } from '../../store/artifact.ts';
import { MemoryArtifactDisk, openMemoryArtifacts } from '../../store/artifact-memory.ts';
import type { DiskTiming } from '../../store/disk-timing.ts';
import type { DiskPort } from '../../store/disk-watch.ts';
import { openMemoryHandNote } from '../../store/hand-note.ts';
import { type HomeDisk, openDisk } from '../../store/home-disk.ts';
import type { Kv, KvRow } from '../../store/kv.ts';
import { ballastBytesDefault, watermarkBytesDefault } from '../../store/limits.ts';
import type { LogStore } from '../../store/log.ts';
import { MemoryLogDisk, openMemoryLogs } from '../../store/log-memory.ts';
import { MemoryDisk, openMemoryKv } from '../../store/memory.ts';
import type { Chance } from './chance.ts';
import type { SimClock } from './clock.ts';
import type { Incarnation } from './incarnation.ts';

/** No simulated job writes as much, so no log ever drops its middle. */
const logBytesMax = 4 * 1024 * 1024;

/** As the programs have them. */
const diskLimits = { watermarkBytes: watermarkBytesDefault, ballastBytes: ballastBytesDefault };

/** Batches for which the ballast makes room. */
const ballastWrites = 40;

/** What a disk is made from. */
export interface SimDiskParts {
  readonly clock: SimClock;
  readonly chance: Chance;
  readonly syncMs: readonly [min: number, max: number];
  /** Planted faults of the test of the tests. */
  readonly wrapKv: (kv: Kv) => Kv;
}

/** A disk that stalls takes so long for a synced write. */
const slowSyncMs = [100, 2500] as const;

type LogContent = MemoryLogDisk['logs'] extends Map<AttemptId, infer Content> ? Content : never;

/** What was on a disk at some time. */
export interface DiskCopy {
  readonly rows: readonly KvRow[];
  readonly logs: readonly (readonly [AttemptId, LogContent])[];
}

/** One box's disk. */
export class SimDisk {
  readonly #parts: SimDiskParts;
  #owner: Incarnation | undefined;
  #rows: MemoryDisk;
  #logs: MemoryLogDisk;
  #artifacts: MemoryArtifactDisk;
  #handNote = openMemoryHandNote();
  #ballastBytes = 0;
  #slowUntil = 0;

  constructor(parts: SimDiskParts) {
    this.#parts = parts;
    this.#rows = new MemoryDisk(this.#timing());
    this.#logs = new MemoryLogDisk(this.#timing());
    this.#artifacts = new MemoryArtifactDisk(this.#timing());
  }

  /** Does it take nothing now? A process that is started meanwhile may well end. */
  get isFull(): boolean {
    return this.#rows.isFull;
  }

  get artifactCount(): number {
    return this.#artifacts.attempts.size;
  }

  get logCount(): number {
    return this.#logs.logs.size;
  }

  /** Opens both stores for a process. */
  async open(
    owner: Incarnation,
    noticed: (line: string) => void,
  ): Promise<HomeDisk & { readonly logs: LogStore; readonly artifacts: ArtifactStore }> {
    this.#owner = owner;
    const open = async () => {
      // What a dead process had begun must not take the disk from the living.
      if (owner.isDead) return new Promise<Kv>(() => undefined);
      const kv = this.#parts.wrapKv(await openMemoryKv(this.#rows));
      return this.#slowReads(kv, owner);
    };
    const { ports } = owner;
    const disk = await openDisk({ open, disk: this.#port(), limits: diskLimits, ports, noticed });
    const logs = await openMemoryLogs(this.#logs, { bytesMax: logBytesMax });
    const artifacts = await openMemoryArtifacts(this.#artifacts);
    return { ...disk, handNote: this.#handNote, logs, artifacts };
  }

  /** The power goes, or the process does: what was not synced may be gone. */
  crash(): void {
    this.#owner = undefined;
    this.#rows.crash();
    this.#logs.crash();
    this.#artifacts.crash();
  }

  /** Everything is gone: the box was made anew. */
  wipe(): void {
    this.crash();
    this.#handNote = openMemoryHandNote();
    this.#ballastBytes = 0;
    this.#rows = new MemoryDisk(this.#timing());
    this.#logs = new MemoryLogDisk(this.#timing());
    this.#artifacts = new MemoryArtifactDisk(this.#timing());
  }

  /** The next writes of rows fail. */
  failRows(count: number): void {
    this.#rows.failNext(count);
  }

  /** Do writes fail that are still to come? */
  get isFailing(): boolean {
    return this.#rows.isFailing;
  }

  /** The next writes and syncs of logs fail. */
  failLogs(count: number): void {
    this.#logs.failNext(count);
  }

  /** No room for anything, until it is healed; giving up the ballast buys a few writes. */
  fill(): void {
    this.#rows.fill();
    this.#logs.fill();
  }

  /** Nothing is to fail any more, and nothing is slow. */
  heal(): void {
    this.#slowUntil = 0;
    this.empty();
  }

  /** There is room again. */
  empty(): void {
    this.#rows.heal();
    this.#logs.heal();
  }

  /** Until then every write takes long. */
  slow(untilMs: number): void {
    this.#slowUntil = untilMs;
  }

  /** A copy of all that is on it now. */
  copy(): DiskCopy {
    const rows = this.#rows.rows.list({ gte: '', lt: '~', countMax: 1e6, order: 'ascending' });
    return {
      rows: rows.map((key) => ({ key, value: this.#rows.rows.get(key) ?? new Uint8Array(0) })),
      logs: [...this.#logs.logs].map(([attempt, content]) => [attempt, copyLog(content)] as const),
    };
  }

  /** All that is on it becomes what a copy held. */
  restore({ rows, logs }: DiskCopy): void {
    this.wipe();
    this.#rows.apply(rows.map(({ key, value }) => ({ type: 'put', key, value }) as const));
    this.#rows.undos.length = 0;
    for (const [attempt, content] of logs) this.#logs.logs.set(attempt, copyLog(content));
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

  /** A file system of a gigabyte that has room, or has none. */
  #port(): DiskPort {
    return {
      measure: async () => ({ freeBytes: this.isFull ? 0 : 2 ** 29, totalBytes: 2 ** 30 }),
      findBallast: async () => this.#ballastBytes,
      makeBallast: async (bytes) => {
        this.#ballastBytes = bytes;
      },
      dropBallast: async () => {
        if (this.isFull) this.#rows.fill(ballastWrites);
        this.#ballastBytes = 0;
      },
    };
  }

  #timing(): DiskTiming {
    const { clock, chance, syncMs } = this.#parts;
    const isSlow = () => clock.nowMs < this.#slowUntil;
    return {
      timers: {
        after: (delayMs, run) => {
          const owner = this.#owner;
          return clock.after(delayMs, () => owner?.run(run));
        },
      },
      random: chance,
      get syncMs(): readonly [min: number, max: number] {
        return isSlow() ? slowSyncMs : syncMs;
      },
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
      snapshot: () => read(() => kv.snapshot()),
      close: () => kv.close(),
    };
  }
}

/** Records never change; the lists of them do. */
function copyLog(content: LogContent): LogContent {
  const segments = content.segments.map(({ weight, records }) => ({
    weight,
    records: [...records],
  }));
  return { ...content, segments, unsyncedCount: 0 };
}
