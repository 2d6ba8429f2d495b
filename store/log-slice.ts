/*
 * What a read of a log gives back, gathered record by record.
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
