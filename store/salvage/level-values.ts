/*
 * The values inside of LevelDB's files: numbers of variable length, batches, and the edits of a MANIFEST.
 *
 * Each is read whole or not at all. Pure. Source: LevelDB 1.20, util/coding.cc, db/write_batch.cc,
 * db/version_edit.cc.
 */

/** One change of a row with its place in the order of all changes. `value` is null for a removal. */
export interface LevelEntry {
  readonly key: string;
  readonly sequence: number;
  readonly value: Uint8Array | null;
}

/** Thrown where bytes are no value of the wanted form; never leaves this folder. */
export class UnfitError extends Error {}

/** Reads values one after the other. */
export class ValueReader {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new UnfitError('too short');
    this.at += 1;
    return byte;
  }

  /** A number of variable length; beyond 2^53 it is none of ours. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 10; shift += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (byte < 0x80) return value;
    }
    throw new UnfitError('too long a number');
  }

  fixed64(): number {
    return readFixed64(this.take(8), 0);
  }

  fixed32(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.take(4);
    return a + b * 2 ** 8 + c * 2 ** 16 + d * 2 ** 24;
  }

  take(length: number): Uint8Array {
    const end = this.at + length;
    if (length < 0 || end > this.bytes.length) throw new UnfitError('too short');
    const taken = this.bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  text(): Uint8Array {
    return this.take(this.number());
  }
}

/** A number of eight bytes, the low one first. */
export function readFixed64(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let index = 7; index >= 0; index -= 1) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}

/** A batch: its first number, and its changes. Throws UnfitError. */
export function readBatch(bytes: Uint8Array): {
  readonly first: number;
  readonly entries: readonly LevelEntry[];
} {
  const reader = new ValueReader(bytes);
  const first = reader.fixed64();
  const count = reader.fixed32();
  const entries: LevelEntry[] = [];
  while (!reader.isAtEnd) {
    const type = reader.byte();
    if (type > 1) throw new UnfitError('no such change');
    const key = decode(reader.text());
    const value = type === 1 ? reader.text() : null;
    entries.push({ key, sequence: first + entries.length, value });
  }
  if (entries.length !== count) throw new UnfitError('another count');
  return { first, entries };
}

/** A key as we write it. */
export function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** A table that the database says it has, with the bounds of its keys. */
export interface NamedTable {
  readonly number: number;
  readonly smallest: string;
  readonly largest: string;
}

/** What all edits of a MANIFEST come to. */
export interface LevelVersion {
  readonly tables: ReadonlyMap<number, NamedTable>;
  /** Logs from this number on hold what is in no table. */
  readonly logNumber: number;
  readonly lastSequence: number;
}

/** Applies the edits in order. Throws UnfitError. */
export function readVersion(edits: readonly Uint8Array[]): LevelVersion {
  const tables = new Map<number, NamedTable>();
  let [logNumber, lastSequence] = [0, 0];
  for (const edit of edits) {
    const reader = new ValueReader(edit);
    while (!reader.isAtEnd) {
      const tag = reader.number();
      if (tag === 1) reader.text();
      else if (tag === 2) logNumber = reader.number();
      else if (tag === 3 || tag === 9) reader.number();
      else if (tag === 4) lastSequence = reader.number();
      else if (tag === 5) [reader.number(), reader.text()];
      else if (tag === 6) {
        reader.number();
        tables.delete(reader.number());
      } else if (tag === 7) {
        reader.number();
        const number = reader.number();
        reader.number();
        const [smallest, largest] = [readUserKey(reader.text()), readUserKey(reader.text())];
        tables.set(number, { number, smallest, largest });
      } else throw new UnfitError('no such edit');
    }
  }
  return { tables, logNumber, lastSequence };
}

/** The part of a key in a table that is ours. */
export function readUserKey(bytes: Uint8Array): string {
  if (bytes.length < 8) throw new UnfitError('too short a key');
  return decode(bytes.subarray(0, bytes.length - 8));
}
