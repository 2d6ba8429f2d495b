/*
 * How a log is cut into records and segments, and what it loses at its cap.
 *
 * Pure arithmetic, shared by the log in files and the log in memory so that both keep the same
 * bytes. Over its cap a log drops whole segments from its middle: the oldest that is not in the
 * first half of the cap, never the newest. Invariant: the first three eighths of the cap and the
 * last three are always kept, and what is kept never weighs more than the cap after an append.
 */
import { AppError, assert } from '../protocol/errors.ts';
import { logChunkBytesMax } from '../protocol/limits.ts';
import { logBytesMin, logSegmentBytesMax, logSegmentsPerCapMin } from './limits.ts';
import type { LogRecord } from './log.ts';

/** Bytes of a record's header on the disk. See log-record.ts. */
export const recordHeaderBytes = 21;

/** The sizes that follow from a log's cap. */
export interface LogShape {
  readonly bytesMax: number;
  readonly segmentBytes: number;
  readonly recordBytes: number;
}

/** Sizes for a cap of `bytesMax` bytes of output. */
export function shapeLog(bytesMax: number): LogShape {
  assert(bytesMax >= logBytesMin, 'the cap of a log has room for its segments');
  const segmentBytes = Math.min(logSegmentBytesMax, Math.floor(bytesMax / logSegmentsPerCapMin));
  const recordBytes = Math.min(logChunkBytesMax, segmentBytes >> 1);
  return { bytesMax, segmentBytes, recordBytes };
}

/**
 * What a record counts against the cap: its bytes of output. A record smaller than its header
 * counts as the header, so that a log of single bytes takes no more than twice its cap on the disk.
 */
export function weighRecord(record: LogRecord): number {
  return Math.max(record.bytes.length, recordHeaderBytes);
}

/**
 * The records of an append, none empty and none over the size of a record, checked to begin at or
 * after `end` and to rise. Errors: LOG_OFFSET.
 */
export function cutRecords(
  end: number,
  records: readonly LogRecord[],
  recordBytes: number,
): readonly LogRecord[] {
  const cut: LogRecord[] = [];
  let next = end;
  for (const record of records) {
    if (record.offset < next) {
      const detail = `A record begins at ${record.offset}, before ${next}.`;
      throw new AppError('LOG_OFFSET', detail);
    }
    for (let at = 0; at < record.bytes.length; at += recordBytes) {
      const bytes = record.bytes.subarray(at, at + recordBytes);
      cut.push({ ...record, offset: record.offset + at, bytes });
    }
    if (record.bytes.length > 0) next = record.offset + record.bytes.length;
  }
  return cut;
}

/** Is the record to begin a new segment, given what the newest one weighs (undefined: none yet)? */
export function isNewSegment(
  shape: LogShape,
  weight: number | undefined,
  record: LogRecord,
): boolean {
  return weight === undefined || weight + weighRecord(record) > shape.segmentBytes;
}

/**
 * The records with which a segment begins. It begins where the output before it ended: a gap is within a segment, said by an
 * empty record, so that what is missing between two was a segment.
 */
export function beginWith(end: number, record: LogRecord): readonly LogRecord[] {
  if (record.offset <= end) return [record];
  return [{ offset: end, stream: 'stdout', at: 0, bytes: new Uint8Array(0) }, record];
}

/** Index of the segment to drop so that the log comes closer to its cap; undefined when it fits. */
export function findDropped(weights: readonly number[], bytesMax: number): number | undefined {
  if (weights.reduce((sum, weight) => sum + weight, 0) <= bytesMax) return undefined;
  let index = 0;
  let headWeight = weights[0] ?? 0;
  while (headWeight <= bytesMax / 2) {
    index += 1;
    headWeight += weights[index] ?? bytesMax;
  }
  return index < weights.length - 1 ? index : undefined;
}

/**
 * May a segment have been dropped here? `before` and `after` are bytes of files, never less than what they weigh; the newest
 * may have been cut since.
 */
export function mayBeDropped(
  { bytesMax, segmentBytes }: LogShape,
  { before, after }: { readonly before: number; readonly after: number },
): boolean {
  return before > bytesMax / 2 - segmentBytes && after > bytesMax / 2 - 2 * segmentBytes;
}

/** Records of one append that go to the same segment. */
interface Group {
  readonly isNew: boolean;
  readonly offset: number;
  readonly records: LogRecord[];
}

/** Where a log stands: what its newest segment weighs (undefined: none yet), and where its output ends. */
export interface LogStand {
  readonly weight: number | undefined;
  readonly end: number;
}

/** Records by the segment that they go to. */
export function groupRecords(
  shape: LogShape,
  stand: LogStand,
  records: readonly LogRecord[],
): readonly Group[] {
  const groups: Group[] = [];
  let { weight, end } = stand;
  for (const record of records) {
    const isNew = isNewSegment(shape, weight, record);
    const added = isNew ? beginWith(end, record) : [record];
    if (isNew || groups.length === 0) {
      groups.push({ isNew, offset: added[0]?.offset ?? record.offset, records: [] });
    }
    groups.at(-1)?.records.push(...added);
    weight = added.reduce((sum, each) => sum + weighRecord(each), isNew ? 0 : (weight ?? 0));
    end = record.offset + record.bytes.length;
  }
  return groups;
}
