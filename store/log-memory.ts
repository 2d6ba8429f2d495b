/*
 * Logs in memory: for tests, and for a simulator that crashes them.
 *
 * A `MemoryLogDisk` outlives the stores opened on it. It cuts, weighs and drops as the log in files
 * does, by the same functions. `crash` cuts the power: of the records appended since the last sync
 * a random prefix stays, and whoever was waiting waits for ever, as a dead process does. All delay
 * and chance come from the given timing.
 */
import { AppError, assert } from '../protocol/errors.ts';
import type { AttemptId } from '../protocol/model.ts';
import { copyBytes } from './byte-copy.ts';
import type { DiskTiming } from './disk-timing.ts';
import { drawBufferedMs, drawCount, drawSyncMs, instantTiming } from './disk-timing.ts';
import { compareAttempts, isAttemptId } from './keys.ts';
import { createLane } from './lane.ts';
import type { Log, LogGapCause, LogRecord, LogSlice, LogStore } from './log.ts';
import { checkFollows } from './log.ts';
import type { LogShape } from './log-cap.ts';
import {
  beginWith,
  cutRecords,
  findDropped,
  isNewSegment,
  shapeLog,
  weighRecord,
} from './log-cap.ts';
import { createSlice, cutBack } from './log-slice.ts';

interface MemorySegment {
  weight: number;
  readonly records: LogRecord[];
}

/** What the disk holds of one log. `unsyncedCount` counts its newest records. */
interface MemoryLogContent {
  segments: MemorySegment[];
  end: number;
  unsyncedCount: number;
  /** A sync failed, and the next act will find that what it was to keep is gone. */
  isTorn: boolean;
  /** Records ever appended, to tell those after a sync began from those before. */
  appendedCount: number;
}

/** A simulated disk for one home's logs. */
export class MemoryLogDisk {
  readonly timing: DiskTiming;
  readonly logs = new Map<AttemptId, MemoryLogContent>();
  #lifeCount = 0;
  #failuresLeft = 0;
  #isForgetful = false;
  #isFull = false;

  constructor(timing: DiskTiming) {
    this.timing = timing;
  }

  /** How many crashes there were; a store of an earlier life is dead. */
  get lifeCount(): number {
    return this.#lifeCount;
  }

  /** Makes the next appends and syncs fail; what they were to write is not there. */
  failNext(count = 1): void {
    this.#failuresLeft = count;
  }

  /** Makes the next sync fail, and what it was to keep be gone: a kernel that dropped the pages. */
  forgetNext(): void {
    this.#isForgetful = true;
  }

  /** No room any more: every append fails, and what was appended can still be synced. */
  fill(): void {
    this.#isFull = true;
  }

  /** There is room, and nothing is to fail. */
  heal(): void {
    this.#isFull = false;
    this.#isForgetful = false;
    this.#failuresLeft = 0;
  }

  /** For the store: is what a sync was to keep gone? That uses it up. */
  forgets(): boolean {
    const isForgetful = this.#isForgetful;
    this.#isForgetful = false;
    return isForgetful;
  }

  /** For the store. Errors: STORE_IO where this act is to fail; that uses one failure up. */
  checkHealth(act: 'append' | 'sync'): void {
    if (this.#failuresLeft > 0) {
      this.#failuresLeft -= 1;
      throw new AppError('STORE_IO', 'The simulated disk failed.');
    }
    if (!this.#isFull || act === 'sync') return;
    throw new AppError('STORE_IO', 'The simulated disk is full: No space left on device.');
  }

  /** Cuts the power. */
  crash(): void {
    this.#lifeCount += 1;
    for (const content of this.logs.values()) {
      const lostCount =
        content.unsyncedCount - drawCount(this.timing.random, content.unsyncedCount);
      loseRecords(content, lostCount);
    }
  }

  /** For the store: resolves after a simulated delay, or never where the power was cut since `life`. */
  wait(delayMs: number, life: number): Promise<void> {
    return new Promise((resolve) => {
      this.timing.timers.after(delayMs, () => {
        if (life === this.#lifeCount) resolve();
      });
    });
  }
}

/** A disk without delays, for plain unit tests. */
export function instantLogDisk(): MemoryLogDisk {
  return new MemoryLogDisk(instantTiming());
}

/** Opens the logs on a simulated disk, each capped at `bytesMax`. */
export async function openMemoryLogs(
  disk: MemoryLogDisk,
  { bytesMax }: { readonly bytesMax: number },
): Promise<LogStore> {
  return new MemoryLogs(disk, shapeLog(bytesMax));
}

class MemoryLogs implements LogStore {
  readonly #disk: MemoryLogDisk;
  readonly #shape: LogShape;
  readonly #life: number;
  readonly #logs = new Map<AttemptId, MemoryLog>();
  #isClosed = false;

  constructor(disk: MemoryLogDisk, shape: LogShape) {
    this.#disk = disk;
    this.#shape = shape;
    this.#life = disk.lifeCount;
  }

  async open(attempt: AttemptId): Promise<Log> {
    this.#checkUsable();
    assert(isAttemptId(attempt), 'a log is named by an attempt id');
    const content = this.#disk.logs.get(attempt) ?? newContent();
    this.#disk.logs.set(attempt, content);
    const log = this.#logs.get(attempt) ?? new MemoryLog(this.#disk, this.#shape, content);
    this.#logs.set(attempt, log);
    return log;
  }

  /** Memory can always be read. */
  async cut(attempt: AttemptId): Promise<Log> {
    await this.#logs.get(attempt)?.close();
    this.#logs.delete(attempt);
    return this.open(attempt);
  }

  async list(): Promise<readonly AttemptId[]> {
    this.#checkUsable();
    return [...this.#disk.logs.keys()].sort(compareAttempts);
  }

  async remove(attempt: AttemptId): Promise<void> {
    this.#checkUsable();
    await this.#logs.get(attempt)?.close();
    this.#logs.delete(attempt);
    this.#disk.logs.delete(attempt);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#life !== this.#disk.lifeCount) return;
    await Promise.all([...this.#logs.values()].map((log) => log.close()));
  }

  #checkUsable(): void {
    const isDead = this.#life !== this.#disk.lifeCount;
    if (isDead || this.#isClosed) throw new AppError('STORE_IO', 'The logs are closed.');
  }
}

class MemoryLog implements Log {
  readonly #disk: MemoryLogDisk;
  readonly #shape: LogShape;
  readonly #content: MemoryLogContent;
  readonly #life: number;
  readonly #lane = createLane();
  readonly #syncLane = createLane();
  #isClosed = false;

  constructor(disk: MemoryLogDisk, shape: LogShape, content: MemoryLogContent) {
    this.#disk = disk;
    this.#shape = shape;
    this.#content = content;
    this.#life = disk.lifeCount;
  }

  get end(): number {
    return this.#content.end;
  }

  append(records: readonly LogRecord[], after?: number): Promise<void> {
    return this.#run(drawBufferedMs, () => {
      checkFollows(this.end, after);
      this.#disk.checkHealth('append');
      for (const record of cutRecords(this.end, records, this.#shape.recordBytes)) {
        this.#add({ ...record, bytes: copyBytes(record.bytes) });
      }
      this.#dropMiddle();
    });
  }

  async sync(): Promise<number> {
    this.#checkUsable();
    const content = this.#content;
    let seen = { end: 0, appendedCount: 0 };
    // After the appends asked for before, and beside those that come after.
    await this.#lane.run(async () => {
      this.#mend();
      seen = { end: this.end, appendedCount: content.appendedCount };
    });
    await this.#syncLane.run(() => this.#disk.wait(drawSyncMs(this.#disk.timing), this.#life));
    this.#disk.checkHealth('sync');
    content.isTorn = this.#disk.forgets();
    if (content.isTorn) throw new AppError('STORE_IO', 'The simulated disk forgot.');
    const newer = content.appendedCount - seen.appendedCount;
    content.unsyncedCount = Math.min(content.unsyncedCount, newer);
    return seen.end;
  }

  skipTo(end: number, after?: number): Promise<void> {
    return this.#run(drawSyncMs, () => {
      checkFollows(this.end, after);
      if (end < this.end) throw new AppError('LOG_OFFSET', `The log is at ${this.end} already.`);
      if (end === this.end) return;
      this.#disk.checkHealth('append');
      this.#add({ offset: end, stream: 'stdout', at: 0, bytes: new Uint8Array(0) });
      this.#content.unsyncedCount = 0;
    });
  }

  async read(from: number, bytesMax: number): Promise<LogSlice> {
    this.#checkUsable();
    const slice = createSlice(from, bytesMax);
    const { segments, end } = this.#content;
    const first = segments.findLastIndex(({ records }) => (records[0]?.offset ?? 0) <= from);
    for (const { records } of segments.slice(Math.max(0, first))) {
      if (!records.every((record) => slice.take(record))) break;
    }
    return slice.finish(end);
  }

  async readBack(before: number, bytesMax: number): Promise<readonly LogRecord[]> {
    this.#checkUsable();
    const records = this.#content.segments.flatMap((segment) => segment.records);
    return cutBack(records, before, bytesMax);
  }

  /** Memory loses nothing but the end. */
  async explainGap(): Promise<LogGapCause> {
    this.#checkUsable();
    return 'dropped';
  }

  /** For the store. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lane.idle();
    await this.#syncLane.idle();
  }

  async #run(drawMs: (timing: DiskTiming) => number, job: () => void): Promise<void> {
    this.#checkUsable();
    await this.#lane.run(async () => {
      await this.#disk.wait(drawMs(this.#disk.timing), this.#life);
      this.#mend();
      job();
    });
  }

  #mend(): void {
    if (this.#content.isTorn) loseRecords(this.#content, this.#content.unsyncedCount);
    this.#content.isTorn = false;
  }

  #add(record: LogRecord): void {
    const { segments, end } = this.#content;
    const isNew = isNewSegment(this.#shape, segments.at(-1)?.weight, record);
    if (isNew) segments.push({ weight: 0, records: [] });
    const newest = segments.at(-1);
    assert(newest !== undefined, 'a log that is written to has a segment');
    const added = isNew ? beginWith(end, record) : [record];
    newest.records.push(...added);
    newest.weight += added.reduce((sum, each) => sum + weighRecord(each), 0);
    this.#content.end = record.offset + record.bytes.length;
    this.#content.unsyncedCount += added.length;
    this.#content.appendedCount += added.length;
  }

  #dropMiddle(): void {
    const { segments } = this.#content;
    for (;;) {
      const weights = segments.map(({ weight }) => weight);
      const index = findDropped(weights, this.#shape.bytesMax);
      if (index === undefined) return;
      segments.splice(index, 1);
    }
  }

  #checkUsable(): void {
    const isDead = this.#life !== this.#disk.lifeCount;
    if (isDead || this.#isClosed) throw new AppError('STORE_IO', 'The log is closed.');
  }
}

function newContent(): MemoryLogContent {
  return { segments: [], end: 0, unsyncedCount: 0, isTorn: false, appendedCount: 0 };
}

/** Takes the newest records away, and the end with them. */
function loseRecords(content: MemoryLogContent, count: number): void {
  for (let left = count; left > 0; left -= 1) {
    const newest = content.segments.at(-1);
    const lost = newest?.records.pop();
    if (newest === undefined || lost === undefined) break;
    newest.weight -= weighRecord(lost);
    if (newest.records.length === 0) content.segments.pop();
  }
  const last = content.segments.at(-1)?.records.at(-1);
  content.end = last === undefined ? 0 : last.offset + last.bytes.length;
  content.unsyncedCount = 0;
}
