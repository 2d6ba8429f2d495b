/*
 * The newest output of logs, kept in memory as it was appended.
 *
 * Whoever copies a log reads what was written a moment ago; from here that costs no file and no
 * checksum. A tail holds the end of its log without a hole between its records but the log's own
 * gaps, up to a cap; all tails of a home share a budget, and at it the one that grew longest ago is
 * emptied. Only ever a copy: what is not here is read from the files.
 */
import type { LogRecord } from './log.ts';
import { cutBack, type SliceBuilder, sumBytes } from './log-slice.ts';

/** What one tail and all together may hold. */
export interface TailCaps {
  readonly tailBytesMax: number;
  readonly totalBytesMax: number;
}

/** What a record costs beside its bytes: its object, its view and their places. */
const recordCostBytes = 256;

/** The budget of all tails of one home. */
export class TailMemory {
  readonly caps: TailCaps;
  /** Tails with something in them, the one that grew longest ago first. */
  readonly #grown = new Set<LogTail>();
  #bytes = 0;

  constructor(caps: TailCaps) {
    this.caps = caps;
  }

  /** What all tails hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** For tails: this one now holds so many bytes more or, below zero, fewer. */
  account(tail: LogTail, bytes: number): void {
    this.#bytes += bytes;
    this.#grown.delete(tail);
    if (tail.bytes > 0) this.#grown.add(tail);
    for (const oldest of this.#grown) {
      if (this.#bytes <= this.caps.totalBytesMax || oldest === tail) return;
      oldest.clear();
    }
  }
}

/** The end of one log. */
export class LogTail {
  readonly #memory: TailMemory;
  #records: LogRecord[] = [];
  /** Records before this index are gone; the array is cut when they are the larger part. */
  #first = 0;
  #bytes = 0;

  constructor(memory: TailMemory) {
    this.#memory = memory;
  }

  /** What it holds, as counted against the budget. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes what was appended to the log. */
  append(records: readonly LogRecord[]): void {
    const before = this.#bytes;
    const used = sumByBuffer(records);
    for (const record of records) {
      // A view of a small part of a large buffer would keep all of it. A Buffer's own `slice` is such a view.
      const isSmallPart = (used.get(record.bytes.buffer) ?? 0) * 2 < record.bytes.buffer.byteLength;
      this.#records.push(isSmallPart ? { ...record, bytes: new Uint8Array(record.bytes) } : record);
      this.#bytes += cost(record);
    }
    while (this.#bytes > this.#memory.caps.tailBytesMax) this.#shift();
    this.#compact();
    this.#memory.account(this, this.#bytes - before);
  }

  /** The log dropped its output before `offset` from its middle, so it is not to be had here either. */
  forgetBefore(offset: number): void {
    const before = this.#bytes;
    for (let record = this.#records[this.#first]; record; record = this.#records[this.#first]) {
      if (record.offset >= offset) break;
      this.#shift();
    }
    this.#compact();
    if (this.#bytes !== before) this.#memory.account(this, this.#bytes - before);
  }

  clear(): void {
    const before = this.#bytes;
    this.#records = [];
    this.#first = 0;
    this.#bytes = 0;
    if (before > 0) this.#memory.account(this, -before);
  }

  /** Gives the slice what it wants; false, and nothing given, where the tail begins too late for it. */
  read(slice: SliceBuilder): boolean {
    const begin = this.#records[this.#first]?.offset;
    if (begin === undefined || slice.from < begin) return false;
    for (let at = this.#findRecord(slice.from); at < this.#records.length; at += 1) {
      const record = this.#records[at];
      if (record === undefined || !slice.take(record)) break;
    }
    return true;
  }

  /** What lies before `before`; undefined where the tail begins too late to say. */
  readBack(before: number, bytesMax: number): readonly LogRecord[] | undefined {
    const begin = this.#records[this.#first]?.offset;
    if (begin === undefined || before <= begin) return undefined;
    const end = this.#findRecord(before) + 1;
    const near = this.#records.slice(this.#findRecord(before - bytesMax), end);
    const cut = cutBack(near, before, bytesMax);
    if (sumBytes(cut) === bytesMax) return cut;
    // A gap lies between; there may be more on its other side.
    const all = cutBack(this.#records.slice(this.#first, end), before, bytesMax);
    return sumBytes(all) === bytesMax || begin === 0 ? all : undefined;
  }

  /** Index of the last record that begins at or before `offset`, by halving. */
  #findRecord(offset: number): number {
    let low = this.#first;
    let high = this.#records.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#records[middle]?.offset ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #shift(): void {
    const record = this.#records[this.#first];
    if (record === undefined) return;
    this.#first += 1;
    this.#bytes -= cost(record);
  }

  #compact(): void {
    if (this.#first * 2 < this.#records.length) return;
    this.#records = this.#records.slice(this.#first);
    this.#first = 0;
  }
}

function cost({ bytes }: LogRecord): number {
  return bytes.length + recordCostBytes;
}

/** How much of each buffer the records are, which leave one soon after the other. */
function sumByBuffer(records: readonly LogRecord[]): ReadonlyMap<ArrayBufferLike, number> {
  const sums = new Map<ArrayBufferLike, number>();
  for (const { bytes } of records) {
    sums.set(bytes.buffer, (sums.get(bytes.buffer) ?? 0) + bytes.length);
  }
  return sums;
}
