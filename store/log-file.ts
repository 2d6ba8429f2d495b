/*
 * One attempt's log as a directory of segments.
 *
 * It owns the order of writes and the list of segments. An append is all or nothing: a failed one
 * (a full disk) is taken back and may be tried again. After a failed sync the kernel forgets what it
 * could not write, so the next act first reads the newest segment and writes it anew; what was synced
 * is in it, and `end` may be lower. A segment is synced before the next begins, so only the newest
 * can be torn. Reads see whole appends and never wait behind writes; appends do not wait behind a
 * sync. Only one sync runs at a time: the kernel tells a failure once.
 */
import { mkdir, rm, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, assert, hasSystemCode, wrapError } from '../protocol/errors.ts';
import { syncDirectory } from '../protocol/sync-directory.ts';
import { createLane } from './lane.ts';
import type { Log, LogGap, LogGapCause, LogRecord, LogSlice } from './log.ts';
import { checkFollows } from './log.ts';
import type { LogShape } from './log-cap.ts';
import { cutRecords, findDropped, groupRecords } from './log-cap.ts';
import { recoverLog } from './log-damage.ts';
import { explainGap } from './log-gaps.ts';
import type { LogHandles } from './log-handles.ts';
import type { LogRoom } from './log-room.ts';
import type { LogExtent, Mark, Segment } from './log-segment.ts';
import {
  createSegment,
  extendSegment,
  findSegments,
  markSegment,
  rewriteSegment,
  scanSegment,
  scanSegmentBack,
  syncSegment,
} from './log-segment.ts';
import { createSlice, type SliceBuilder, sumBytes } from './log-slice.ts';
import type { TailMemory } from './log-tail.ts';
import { LogTail } from './log-tail.ts';

/** What all logs of one home share. */
export interface LogCommons {
  readonly shape: LogShape;
  readonly handles: LogHandles;
  readonly memory: TailMemory;
}

/**
 * Opens the log in `directory`, which is made at the first append: most jobs print little, and a silent one costs no
 * directory. What is torn is cut off, and with `readable` all that can't be read. Errors: STORE_IO.
 */
export async function openFileLog(
  directory: string,
  commons: LogCommons,
  extent: LogExtent,
): Promise<FileLog> {
  const found = await findSegments(directory);
  const { segments, end } = await recoverLog(commons.handles, found ?? [], extent);
  return new FileLog({ directory, commons, segments, end, isMade: found !== undefined });
}

interface FileLogStart {
  readonly directory: string;
  readonly commons: LogCommons;
  readonly segments: readonly Segment[];
  readonly end: number;
  readonly isMade: boolean;
}

/** An open log. Its files are open as long as `LogHandles` keeps them. */
export class FileLog implements Log {
  readonly #directory: string;
  readonly #shape: LogShape;
  readonly #handles: LogHandles;
  /** Knows nothing of the log, so whoever has it keeps no log. */
  readonly tail: LogTail;
  readonly #lane = createLane();
  /** Syncs run here, one at a time, beside the appends. */
  readonly #syncLane = createLane();
  /** Those asked for and not done. */
  readonly #syncs = new Set<Promise<number>>();
  #segments: readonly Segment[];
  #end: number;
  /** What the disk holds of the newest segment is unknown since this. */
  #failure: AppError | undefined;
  #isClosed = false;
  #mendedCount = 0;
  /** The newest segment as it was last synced; undefined at first, when that is unknown. */
  #synced: Segment | undefined;
  /** How often the list of names changed, and how much of that is on the disk. */
  #listCount = 1;
  #listSyncedCount = 0;
  /** Does the directory exist, and is its own name on the disk? */
  #directoryState: 'absent' | 'unsynced' | 'synced';

  constructor({ directory, commons, segments, end, isMade }: FileLogStart) {
    // One found at opening may have been made by a process that was killed before it synced.
    this.#directoryState = isMade ? 'unsynced' : 'absent';
    this.#directory = directory;
    this.#shape = commons.shape;
    this.#handles = commons.handles;
    this.tail = new LogTail(commons.memory);
    this.#segments = segments;
    this.#end = end;
  }

  get end(): number {
    return this.#end;
  }

  append(records: readonly LogRecord[], after?: number): Promise<void> {
    return this.#run(async () => {
      checkFollows(this.#end, after);
      const cut = cutRecords(this.#end, records, this.#shape.recordBytes);
      await this.#write(cut);
      await this.#dropMiddle();
    });
  }

  sync(): Promise<number> {
    const synced = this.#syncAppended().finally(() => this.#syncs.delete(synced));
    this.#syncs.add(synced);
    return synced;
  }

  async #syncAppended(): Promise<number> {
    let seen: Appended | undefined;
    // In the lane of the appends, so that what was asked for before this call is part of it.
    await this.#run(async () => {
      seen = this.#look();
    });
    assert(seen !== undefined, 'a lane has run its job');
    await this.#syncSeen(seen);
    return seen.end;
  }

  skipTo(end: number, after?: number): Promise<void> {
    return this.#run(async () => {
      checkFollows(this.#end, after);
      if (end < this.#end) throw new AppError('LOG_OFFSET', `The log is at ${this.#end} already.`);
      if (end === this.#end) return;
      await this.#write([{ offset: end, stream: 'stdout', at: 0, bytes: new Uint8Array(0) }]);
      await this.#syncSeen(this.#look());
    });
  }

  async read(from: number, bytesMax: number, room?: LogRoom): Promise<LogSlice> {
    this.#checkUsable();
    const end = this.#end;
    const slice = createSlice(from, bytesMax);
    if (this.tail.read(slice)) return slice.finish(end);
    const seen = this.#segments;
    const first = seen.findLastIndex((segment) => segment.offset <= from);
    for (const segment of seen.slice(Math.max(0, first))) {
      if (!(await this.#readSegment(segment, slice, room))) break;
    }
    return slice.finish(end);
  }

  async readBack(before: number, bytesMax: number): Promise<readonly LogRecord[]> {
    this.#checkUsable();
    const held = this.tail.readBack(before, bytesMax);
    if (held !== undefined) return held;
    const found: LogRecord[] = [];
    let left = bytesMax;
    for (const segment of this.#segments.toReversed()) {
      if (left <= 0) break;
      if (segment.offset >= before) continue;
      const older = await this.#readSegmentBack(segment, before, left);
      found.unshift(...older);
      left -= sumBytes(older);
    }
    return found;
  }

  explainGap(gap: LogGap): Promise<LogGapCause> {
    this.#checkUsable();
    const [handles, shape] = [this.#handles, this.#shape];
    const index = (segment: Segment) => this.#indexSegment(segment);
    return explainGap({ handles, shape, list: () => this.#segments, index }, gap);
  }

  /** Waits for what is under way; every later call is STORE_IO. Safe to repeat. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#syncs);
    await this.#lane.idle();
    this.tail.clear();
    await Promise.all(this.#segments.map(({ path }) => this.#handles.forget(path)));
  }

  async #run(job: () => Promise<void>): Promise<void> {
    this.#checkUsable();
    await this.#lane.run(async () => {
      try {
        if (this.#failure !== undefined) await this.#mend();
        await job();
      } catch (thrown) {
        throw wrapError(thrown, 'STORE_IO');
      }
    });
  }

  async #write(records: readonly LogRecord[]): Promise<void> {
    const draft = [...this.#segments];
    if (this.#directoryState === 'absent') await this.#makeDirectory();
    try {
      const place = { weight: draft.at(-1)?.weight, end: this.#end };
      for (const group of groupRecords(this.#shape, place, records)) {
        if (group.isNew) draft.push(await this.#beginSegment(draft.at(-1), group.offset));
        const last = draft.pop();
        assert(last !== undefined, 'the first group of an empty log is a new segment');
        draft.push(last);
        draft[draft.length - 1] = await extendSegment(this.#handles, last, group.records);
      }
    } catch (thrown) {
      await this.#takeBack(draft.slice(this.#segments.length));
      throw thrown;
    }
    this.#segments = draft;
    this.tail.append(records);
    const last = records.at(-1);
    if (last !== undefined) this.#end = last.offset + last.bytes.length;
  }

  async #makeDirectory(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    this.#directoryState = 'unsynced';
  }

  async #beginSegment(newest: Segment | undefined, offset: number): Promise<Segment> {
    if (newest !== undefined) await this.#syncWhole(newest);
    this.#listCount += 1;
    return createSegment(this.#directory, offset);
  }

  /** In turn with the other syncs, because only one of two would hear of a failure. */
  async #syncWhole(segment: Segment): Promise<void> {
    await this.#syncLane.run(async () => {
      this.#checkSound();
      await this.#syncFile(segment);
    });
  }

  /** Leaves the files as they were before an append that failed. */
  async #takeBack(added: readonly Segment[]): Promise<void> {
    const newest = this.#segments.at(-1);
    try {
      for (const { path } of added) await this.#remove(path);
      if (newest !== undefined) await truncate(newest.path, newest.size);
    } catch (thrown) {
      this.#failure = wrapError(thrown, 'STORE_IO');
    }
  }

  /** Makes certain what a failure left unknown: the newest segment, and that no other is there. */
  async #mend(): Promise<void> {
    const newest = this.#segments.at(-1);
    const known = new Set(this.#segments.map(({ path }) => path));
    for (const { path } of (await findSegments(this.#directory)) ?? []) {
      if (!known.has(path)) await this.#remove(path);
    }
    this.#listCount += 1;
    this.#mendedCount += 1;
    this.tail.clear();
    if (newest !== undefined) {
      const sound = await rewriteSegment(this.#handles, newest);
      this.#segments = [...this.#segments.slice(0, -1), ...(sound ? [sound.segment] : [])];
      this.#end = sound?.end ?? newest.offset;
      this.#synced = sound?.segment;
    }
    this.#failure = undefined;
  }

  async #dropMiddle(): Promise<void> {
    for (;;) {
      const weights = this.#segments.map(({ weight }) => weight);
      const index = findDropped(weights, this.#shape.bytesMax);
      const dropped = index === undefined ? undefined : this.#segments[index];
      if (dropped === undefined) return;
      // Taken off the list first: a file that cannot be deleted is found again by the next opening,
      // and must not make an append fail that is written.
      this.#segments = this.#segments.filter((segment) => segment !== dropped);
      const next = this.#segments.find(({ offset }) => offset > dropped.offset);
      this.tail.forgetBefore(next?.offset ?? this.#end);
      await this.#remove(dropped.path).catch(() => undefined);
    }
  }

  async #remove(path: string): Promise<void> {
    await this.#handles.forget(path);
    await rm(path, { force: true });
  }

  #look(): Appended {
    return { newest: this.#segments.at(-1), end: this.#end, mendedCount: this.#mendedCount };
  }

  async #syncSeen({ newest, mendedCount }: Appended): Promise<void> {
    await this.#syncLane.run(async () => {
      this.#checkSound();
      await this.#sync(newest);
      if (mendedCount === this.#mendedCount) return;
      throw new AppError('STORE_IO', 'The log was mended meanwhile and may have lost its end.');
    });
  }

  /** What a failure left unknown is not called synced; the next act mends it first. */
  #checkSound(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Brings everything up to this state of the newest segment to the disk. */
  async #sync(newest: Segment | undefined): Promise<void> {
    if (newest !== undefined) await this.#syncFile(newest);
    const listCount = this.#listCount;
    if (this.#listSyncedCount === listCount || this.#directoryState === 'absent') return;
    await this.#poisonOnFailure(() => syncDirectory(this.#directory));
    if (this.#directoryState === 'unsynced') {
      await this.#poisonOnFailure(() => syncDirectory(dirname(this.#directory)));
      this.#directoryState = 'synced';
    }
    this.#listSyncedCount = listCount;
  }

  async #syncFile(segment: Segment): Promise<void> {
    if (this.#synced === segment) return;
    await this.#poisonOnFailure(async () => {
      await syncSegment(this.#handles, segment).catch((thrown: unknown) => {
        // Dropped from the middle since: nothing of it is left to be kept.
        if (!hasSystemCode(thrown, 'ENOENT') || this.#has(segment)) throw thrown;
      });
    });
    this.#synced = segment;
  }

  #has(segment: Segment): boolean {
    return this.#segments.some(({ path }) => path === segment.path);
  }

  async #poisonOnFailure(job: () => Promise<void>): Promise<void> {
    try {
      await job();
    } catch (thrown) {
      this.#failure = wrapError(thrown, 'STORE_IO');
      throw this.#failure;
    }
  }

  async #readSegment(segment: Segment, slice: SliceBuilder, room?: LogRoom): Promise<boolean> {
    try {
      const marks = slice.from > segment.offset ? await this.#indexSegment(segment) : [];
      const mark = marks.findLast(({ offset }) => offset <= slice.from);
      let wantsMore = true;
      const scan = { handles: this.#handles, segment, position: mark?.position ?? 0, room };
      await scanSegment(scan, (record) => {
        wantsMore = slice.take(record);
        return wantsMore;
      });
      return wantsMore;
    } catch (thrown) {
      // Dropped since the read began, or on a place of the disk that can't be read: a gap like any other.
      if (hasSystemCode(thrown, 'ENOENT') || hasSystemCode(thrown, 'EIO')) return true;
      throw wrapError(thrown, 'STORE_IO');
    }
  }

  async #readSegmentBack(
    segment: Segment,
    before: number,
    bytesMax: number,
  ): Promise<readonly LogRecord[]> {
    try {
      const marks = await this.#indexSegment(segment);
      return await scanSegmentBack(this.#handles, { ...segment, marks }, { before, bytesMax });
    } catch (thrown) {
      if (hasSystemCode(thrown, 'ENOENT')) return [];
      throw wrapError(thrown, 'STORE_IO');
    }
  }

  async #indexSegment(segment: Segment): Promise<readonly Mark[]> {
    if (segment.marks !== undefined) return segment.marks;
    const indexed = await markSegment(this.#handles, segment);
    this.#segments = this.#segments.map((known) => (known === segment ? indexed : known));
    return indexed.marks;
  }

  #checkUsable(): void {
    if (this.#isClosed) throw new AppError('STORE_IO', 'The log is closed.');
  }
}

/** How far a log had come at one moment. */
interface Appended {
  readonly newest: Segment | undefined;
  readonly end: number;
  readonly mendedCount: number;
}
