/*
 * Unpacking Snappy, in which LevelDB packs the blocks of its tables.
 *
 * It only unpacks, and refuses what does not come out at the length that it says. Pure.
 * Source: google/snappy, format_description.txt.
 */
import { UnfitError, ValueReader } from './level-values.ts';

/** A block unpacks to a few KiB; one row may be as large as a message. */
const unpackedBytesMax = 64 * 1024 * 1024;

/** Unpacks. Throws UnfitError. */
export function unpackSnappy(packed: Uint8Array): Uint8Array {
  const reader = new ValueReader(packed);
  const length = reader.number();
  if (length > unpackedBytesMax) throw new UnfitError('too long');
  const out = new Uint8Array(length);
  let at = 0;
  while (!reader.isAtEnd) {
    const tag = reader.byte();
    if ((tag & 3) === 0) {
      const literal = reader.take(readLiteralLength(reader, tag >>> 2));
      if (at + literal.length > length) throw new UnfitError('too long');
      out.set(literal, at);
      at += literal.length;
      continue;
    }
    const { count, offset } = readCopy(reader, tag);
    if (offset === 0 || offset > at || at + count > length) throw new UnfitError('no such place');
    // Byte by byte: what is copied may be what the copy itself writes.
    for (let left = count; left > 0; left -= 1, at += 1) out[at] = out[at - offset] ?? 0;
  }
  if (at !== length) throw new UnfitError('too short');
  return out;
}

function readLiteralLength(reader: ValueReader, code: number): number {
  if (code < 60) return code + 1;
  let length = 0;
  for (let index = 0; index < code - 59; index += 1) length += reader.byte() * 2 ** (8 * index);
  return length + 1;
}

function readCopy(reader: ValueReader, tag: number): { count: number; offset: number } {
  if ((tag & 3) === 1)
    return { count: ((tag >>> 2) & 7) + 4, offset: ((tag >>> 5) << 8) | reader.byte() };
  const [low, high] = [reader.byte(), reader.byte()];
  const count = (tag >>> 2) + 1;
  if ((tag & 3) === 2) return { count, offset: low | (high << 8) };
  const rest = reader.byte() * 2 ** 16 + reader.byte() * 2 ** 24;
  return { count, offset: (low | (high << 8)) + rest };
}
