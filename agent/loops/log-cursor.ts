/*
 * How far one log has come on this connection, and what was read of it to be sent next.
 *
 * A log is read in larger pieces than are sent, so the rest of a piece waits here; it is given up
 * when the hub asks for another place. It sends nothing and reads nothing itself. Invariant: what
 * waits begins where the sent ends.
 */
import { logChunkBytesMax, logRecordsMax } from '../../protocol/limits.ts';
import type { LogRecord, LogSlice } from '../../store/log.ts';

/** What one frame carries. */
export interface LogChunk {
  readonly from: number;
  readonly records: readonly LogRecord[];
  readonly next: number;
}

/** The cursor of one log on one connection. */
export class LogCursor {
  /** The hub has this on its disk; undefined until it has said so on this connection. */
  acked: number | undefined;
  /** Something was owed when we last looked, and nothing was acknowledged since. */
  isQuiet = false;
  #sentThrough = 0;
  #ahead: readonly LogRecord[] = [];
  #aheadNext = 0;
  #aheadBytes = 0;

  /** Sent on this connection up to here. */
  get sentThrough(): number {
    return this.#sentThrough;
  }

  /** Sent and not on the hub's disk. */
  get underWay(): number {
    return this.#sentThrough - (this.acked ?? this.#sentThrough);
  }

  /** Bytes that were read and wait to be sent. */
  get aheadBytes(): number {
    return this.#aheadBytes;
  }

  /** Is there something read that can be sent? */
  get hasAhead(): boolean {
    return this.#aheadNext > this.#sentThrough;
  }

  /** The hub's copy is durable up to `offset`; `isReset`: sending goes on from there. */
  noteAck({ offset, isReset }: { readonly offset: number; readonly isReset: boolean }): void {
    if (isReset || this.acked === undefined) this.#moveTo(offset);
    this.acked = Math.max(this.acked ?? 0, offset);
    this.isQuiet = false;
  }

  /** Takes what was read from where the sent ends. */
  fill({ records, next }: Pick<LogSlice, 'records' | 'next'>): void {
    this.#ahead = records;
    this.#aheadNext = Math.max(next, this.#sentThrough);
    this.#aheadBytes = records.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** The next frame's, of at most `bytesMax` bytes; it counts as sent. */
  take(bytesMax: number): LogChunk {
    const { records, rest } = splitRecords(this.#ahead, bytesMax);
    const last = records.at(-1);
    this.#ahead = rest;
    this.#aheadBytes -= records.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const from = this.#sentThrough;
    const isRest = last === undefined || this.#ahead.length === 0;
    this.#sentThrough = isRest ? this.#aheadNext : last.offset + last.bytes.length;
    return { from, records, next: this.#sentThrough };
  }

  #moveTo(offset: number): void {
    this.#sentThrough = offset;
    this.#ahead = [];
    this.#aheadNext = offset;
    this.#aheadBytes = 0;
  }
}

/** The records that a frame takes, and the rest: whole ones, unless the first alone is too large. None is over a chunk. */
function splitRecords(
  all: readonly LogRecord[],
  bytesMax: number,
): { readonly records: readonly LogRecord[]; readonly rest: readonly LogRecord[] } {
  const count = countFitting(all, bytesMax);
  const [first] = all;
  if (count > 0 || first === undefined) {
    return { records: all.slice(0, count), rest: all.slice(count) };
  }
  const at = Math.min(bytesMax, logChunkBytesMax);
  const cut = { ...first, bytes: first.bytes.subarray(0, at) };
  const tail = { ...first, offset: first.offset + at, bytes: first.bytes.subarray(at) };
  return { records: [cut], rest: [tail, ...all.slice(1)] };
}

function countFitting(records: readonly LogRecord[], bytesMax: number): number {
  let bytes = 0;
  const over = records.slice(0, logRecordsMax).findIndex((record) => {
    bytes += record.bytes.length;
    return bytes > bytesMax || record.bytes.length > logChunkBytesMax;
  });
  return over === -1 ? Math.min(records.length, logRecordsMax) : over;
}
