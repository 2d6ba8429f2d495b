/*
 * What a read of a log gives back, gathered record by record, forwards or from the end backwards.
 *
 * Shared by the log in files and the log in memory: where a slice begins, how records are cut to
 * fit, and where the next read goes on. Invariant: `next` equals `end` exactly when no byte of
 * output lies at or after it.
 */
import { assert } from '../protocol/errors.ts';
import type { LogRecord, LogSlice } from './log.ts';

/** A slice in the making. */
export interface SliceBuilder {
  readonly from: number;
  /** Takes the next record in order; false when the slice is full and wants no more. */
  take(record: LogRecord): boolean;
  /** The slice; `end` is that of the log when the read began. */
  finish(end: number): LogSlice;
}

/** A slice of up to `bytesMax` bytes from offset `from` on. */
export function createSlice(from: number, bytesMax: number): SliceBuilder {
  assert(bytesMax > 0, 'a read asks for at least one byte');
  const records: LogRecord[] = [];
  let left = bytesMax;
  let next = from;
  let hasMore = false;
  return {
    from,
    take(record) {
      const skip = Math.max(0, from - record.offset);
      if (skip >= record.bytes.length) return true;
      const bytes = record.bytes.subarray(skip, skip + left);
      hasMore = skip + bytes.length < record.bytes.length;
      if (bytes.length > 0) {
        const offset = record.offset + skip;
        records.push({ ...record, offset, bytes });
        next = offset + bytes.length;
        left -= bytes.length;
      }
      return !hasMore;
    },
    finish: (end) => ({ records, next: hasMore ? next : end, end }),
  };
}

/**
 * The newest `bytesMax` bytes of output before offset `before`, of records that come in order. They
 * may begin with older ones, and end with some that lie at or after `before`.
 */
export function cutBack(
  records: readonly LogRecord[],
  before: number,
  bytesMax: number,
): readonly LogRecord[] {
  assert(bytesMax > 0, 'a read asks for at least one byte');
  const kept: LogRecord[] = [];
  let left = bytesMax;
  for (const record of records.toReversed()) {
    const bytes = record.bytes.subarray(0, Math.max(0, before - record.offset));
    if (bytes.length === 0) continue;
    const skip = Math.max(0, bytes.length - left);
    kept.push({ ...record, offset: record.offset + skip, bytes: bytes.subarray(skip) });
    left -= bytes.length - skip;
    if (left === 0) break;
  }
  return kept.reverse();
}

/** Bytes of output in these records. */
export function sumBytes(records: readonly LogRecord[]): number {
  return records.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
