/*
 * One segment: a file of whole records, named by the offset of its first.
 *
 * It knows how to find, scan, extend and sync such files; which segments a log has and when they
 * go is the log's affair. A `Segment` is a value: extending a file gives a new one, and the old one
 * still describes the bytes it described. Files are opened through `LogHandles`, so no number of
 * logs can use up the process's handles.
 */
import type { FileHandle } from 'node:fs/promises';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasSystemCode } from '../protocol/errors.ts';
import { logMarkBytes, logWindowReadBytes, logWritePiecesMax } from './limits.ts';
import type { LogRecord } from './log.ts';
import { recordHeaderBytes, weighRecord } from './log-cap.ts';
import type { LogHandles } from './log-handles.ts';
import { encodeRecords, measureRecord, parseRecord } from './log-record.ts';
import type { LogRoom } from './log-room.ts';
import { cutBack, sumBytes } from './log-slice.ts';

/** Where in the file a record begins. */
export interface Mark {
  readonly offset: number;
  readonly position: number;
}

/** A segment as far as it is known to be written. */
export interface Segment {
  readonly path: string;
  /** Offset of its first byte of output. */
  readonly offset: number;
  /** Bytes of file. */
  readonly size: number;
  /** Bytes of output, as counted against the cap. */
  readonly weight: number;
  /** One record in every `logMarkBytes` of file; undefined until the file is first read. */
  readonly marks: readonly Mark[] | undefined;
}

/**
 * How much of a segment is asked for: all of it, so that a failure to read is one; or what can be read, so that the
 * segment ends where the disk or the system gives no more.
 */
export type LogExtent = 'whole' | 'readable';

const segmentName = /^(\d{16})\.log$/;

/** Where the output of a segment begins, by the name of its file; undefined where it is none. */
export function readSegmentOffset(name: string): number | undefined {
  const offset = segmentName.exec(name)?.[1];
  return offset === undefined ? undefined : Number(offset);
}

/** A segment that has no file yet. */
export function createSegment(directory: string, offset: number): Segment {
  const path = join(directory, `${String(offset).padStart(16, '0')}.log`);
  return { path, offset, size: 0, weight: 0, marks: [] };
}

/**
 * The segments of a directory in order, with weights estimated from names and sizes; undefined where there is no such
 * directory.
 */
export async function findSegments(directory: string): Promise<readonly Segment[] | undefined> {
  const all = await readdir(directory).catch((thrown: unknown) => {
    if (hasSystemCode(thrown, 'ENOENT')) return undefined;
    throw thrown;
  });
  if (all === undefined) return undefined;
  const names = all.filter((name) => segmentName.test(name)).sort();
  const offsets = names.map(readSegmentOffset);
  return Promise.all(
    names.map(async (name, index) => {
      const path = join(directory, name);
      const { size } = await stat(path);
      const offset = offsets[index] ?? 0;
      const weight = estimateWeight(size, (offsets[index + 1] ?? offset) - offset);
      return { path, offset, size, weight, marks: undefined };
    }),
  );
}

/**
 * Reads the segment from its start and gives it back as far as it is sound, with the end of its
 * output. Undefined when not even its first record is.
 */
export async function recoverSegment(
  handles: LogHandles,
  segment: Segment,
  extent: LogExtent = 'whole',
): Promise<{ readonly segment: Segment; readonly end: number } | undefined> {
  const marks: Mark[] = [];
  let end = segment.offset;
  let weight = 0;
  const scan = { handles, segment, position: 0, extent };
  const scanned = scanSegment(scan, (record, position) => {
    const isFirst = position === 0;
    if (isFirst ? record.offset !== segment.offset : record.offset < end) return false;
    noteMark(marks, { offset: record.offset, position });
    end = record.offset + record.bytes.length;
    weight += weighRecord(record);
    return true;
  });
  const size = await scanned.catch((thrown: unknown) => {
    // It could not even be opened.
    if (extent === 'whole') throw thrown;
    return 0;
  });
  return size === 0 ? undefined : { segment: { ...segment, size, weight, marks }, end };
}

/** Where to begin reading. */
export interface Scan {
  readonly handles: LogHandles;
  readonly segment: Segment;
  readonly position: number;
  /** What the records' bytes may lie in; each window is memory of its own without. */
  readonly room?: LogRoom | undefined;
  /** All of it where absent. */
  readonly extent?: LogExtent;
}

/**
 * Visits the records from `position` on until one is refused, the segment ends, or a record is
 * not sound. Gives the position after the last record that was visited and wanted.
 */
export function scanSegment(
  { handles, segment, position, room, extent = 'whole' }: Scan,
  visit: (record: LogRecord, position: number) => boolean,
): Promise<number> {
  return handles.use({ path: segment.path, mode: 'existing' }, async (handle) => {
    let begin = position;
    while (begin < segment.size) {
      const bytes = Math.min(logWindowReadBytes, segment.size - begin);
      const place = room?.take(bytes) ?? Buffer.allocUnsafeSlow(bytes);
      const window = await readWindow(handle, { position: begin, window: place, extent });
      let at = 0;
      let record = parseRecord(window, at);
      while (record !== undefined) {
        if (!visit(record, begin + at)) return begin + at;
        at += measureRecord(record);
        record = parseRecord(window, at);
      }
      // A window is larger than any record, so one without a whole record is damage.
      if (at === 0) return begin;
      begin += at;
    }
    return begin;
  });
}

/** The newest `bytesMax` bytes of output of the segment that lie before offset `before`, in order. */
export async function scanSegmentBack(
  handles: LogHandles,
  segment: Segment & { readonly marks: readonly Mark[] },
  { before, bytesMax }: { readonly before: number; readonly bytesMax: number },
): Promise<readonly LogRecord[]> {
  const mark = segment.marks.findLast(({ offset }) => offset <= before - bytesMax);
  const scan = async (position: number) => {
    const records: LogRecord[] = [];
    await scanSegment({ handles, segment, position }, (record) => {
      if (record.offset < before) records.push(record);
      return record.offset < before;
    });
    return cutBack(records, before, bytesMax);
  };
  const near = await scan(mark?.position ?? 0);
  // Where a gap lies between, the mark was not far enough back.
  return mark === undefined || sumBytes(near) === bytesMax ? near : scan(0);
}

/** Reads a segment through for its marks. */
export async function markSegment(
  handles: LogHandles,
  segment: Segment,
): Promise<Segment & { marks: readonly Mark[] }> {
  const marks: Mark[] = [];
  await scanSegment({ handles, segment, position: 0 }, ({ offset }, position) => {
    noteMark(marks, { offset, position });
    return true;
  });
  return { ...segment, marks };
}

/** Writes records at the segment's end; the segment that comes back has them. */
export async function extendSegment(
  handles: LogHandles,
  segment: Segment,
  records: readonly LogRecord[],
): Promise<Segment> {
  // The list of marks is copied only when it grows: a mark stands for many records.
  let { size, weight, marks = [] } = segment;
  for (const record of records) {
    if (needsMark(marks, size)) marks = [...marks, { offset: record.offset, position: size }];
    size += measureRecord(record);
    weight += weighRecord(record);
  }
  const mode = segment.size === 0 ? 'new' : 'existing';
  await handles.use({ path: segment.path, mode }, (handle) =>
    writeAll(handle, encodeRecords(records), segment.size),
  );
  return { ...segment, size, weight, marks };
}

/**
 * Writes the sound records of a segment to a file of their own that takes its place. After a sync
 * that failed the kernel holds written what may not be, so only new pages make it certain.
 * Undefined where not even the first record is sound; then the file is gone.
 */
export async function rewriteSegment(
  handles: LogHandles,
  segment: Segment,
): ReturnType<typeof recoverSegment> {
  const sound = await recoverSegment(handles, segment);
  await handles.forget(segment.path);
  if (sound === undefined) {
    await rm(segment.path, { force: true });
    return undefined;
  }
  const whole = await readFile(segment.path);
  const aside = `${segment.path}.new`;
  await writeFile(aside, whole.subarray(0, sound.segment.size), { mode: 0o600, flush: true });
  await rename(aside, segment.path);
  return sound;
}

/** Brings a segment's content to the disk. */
export function syncSegment(handles: LogHandles, { path }: Segment): Promise<void> {
  return handles.use({ path, mode: 'existing' }, (handle) => handle.datasync());
}

/**
 * The weight of a whole segment without reading it: the output up to the next segment, unless a
 * gap makes that more than the file holds, or tiny records make it less than half the file.
 */
function estimateWeight(size: number, distance: number): number {
  return Math.max(Math.min(distance, size - recordHeaderBytes), size >> 1);
}

function needsMark(marks: readonly Mark[], position: number): boolean {
  const last = marks.at(-1);
  return last === undefined || position - last.position >= logMarkBytes;
}

function noteMark(marks: Mark[], mark: Mark): void {
  if (needsMark(marks, mark.position)) marks.push(mark);
}

/** A stretch of a file: as much as the window holds. */
export interface WindowPlan {
  readonly position: number;
  readonly window: Buffer;
  readonly extent: LogExtent;
}

/** Reads it; what comes back is shorter where the file ends, or with `readable` where it can't be read on. */
export async function readWindow(
  handle: FileHandle,
  { position, window, extent }: WindowPlan,
): Promise<Buffer> {
  let filled = 0;
  while (filled < window.length) {
    const read = handle.read(window, filled, window.length - filled, position + filled);
    const { bytesRead } = await read.catch((thrown: unknown) => {
      if (extent === 'whole') throw thrown;
      return { bytesRead: 0 };
    });
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return window.subarray(0, filled);
}

/** Writes all pieces in order; a short write, as a disk that fills up makes it, is gone on with. */
async function writeAll(
  handle: FileHandle,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let left = pieces;
  let at = position;
  while (left.length > 0) {
    const { bytesWritten } = await handle.writev(left.slice(0, logWritePiecesMax), at);
    at += bytesWritten;
    left = skipBytes(left, bytesWritten);
  }
}

/** What is left of the pieces after their first `count` bytes. */
function skipBytes(pieces: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let skip = count;
  let index = 0;
  for (let piece = pieces[0]; piece !== undefined; piece = pieces[index]) {
    if (skip < piece.length) return [piece.subarray(skip), ...pieces.slice(index + 1)];
    skip -= piece.length;
    index += 1;
  }
  return [];
}
