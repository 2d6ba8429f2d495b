/*
 * CRC-32C as LevelDB masks it, and the mending of one damaged byte by it.
 *
 * A checksum of 32 bits tells where a single byte differs and by what: its error, shifted to the end, is the difference of
 * the checksums, and no two of them are alike over the lengths here. More damage than that looks like a single
 * byte once in thousands of cases, so who mends must still find that what comes out makes sense. Pure.
 * Source: LevelDB 1.20, util/crc32c.h; RFC 3720, appendix B.4, for the polynomial.
 */

const table = new Uint32Array(256);
/** What a table entry is the image of, by its highest byte, which no two of them share. */
const inverse = new Uint8Array(256);
for (let n = 0; n < 256; n += 1) {
  let crc = n;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  table[n] = crc >>> 0;
  inverse[(crc >>> 24) & 0xff] = n;
}

/** What a byte does to the checksum one, two and three bytes later: four bytes are then one step. */
const [later1, later2, later3] = [1, 2, 3].map((steps) =>
  table.map((first) => {
    let crc = first;
    for (let step = 0; step < steps; step += 1) crc = (crc >>> 8) ^ (table[crc & 0xff] as number);
    return crc;
  }),
) as [Uint32Array, Uint32Array, Uint32Array];

/** The checksum of these bytes. Source: Kounavis and Berry, Novel Table Lookup-Based Algorithms for CRC (2008). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  let at = 0;
  for (const end = bytes.length - 3; at < end; at += 4) {
    crc ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    crc =
      (later3[crc & 0xff] as number) ^
      (later2[(crc >>> 8) & 0xff] as number) ^
      (later1[(crc >>> 16) & 0xff] as number) ^
      (table[crc >>> 24] as number);
  }
  for (; at < bytes.length; at += 1) {
    crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] as number)) & 0xff] as number);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** The lengths at which the next four bytes are the stored checksum of all before them. */
export function* sumEnds(bytes: Uint8Array): Generator<number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let crc = 0xffffffff;
  for (let length = 1; length + 4 <= bytes.length; length += 1) {
    crc = (crc >>> 8) ^ (table[(crc ^ (bytes[length - 1] ?? 0)) & 0xff] ?? 0);
    if (unmask(view.getUint32(length, true)) === (crc ^ 0xffffffff) >>> 0) yield length;
  }
}

/** The checksum that LevelDB stored in this form. */
export function unmask(stored: number): number {
  const turned = (stored - 0xa282ead8) >>> 0;
  return ((turned >>> 17) | (turned << 15)) >>> 0;
}

/** The bytes with the one byte put right that makes them have this checksum; undefined where no single one does. */
export function mendByte(bytes: Uint8Array, wanted: number): Uint8Array | undefined {
  let difference = (crc32c(bytes) ^ wanted) >>> 0;
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    const error = inverse[(difference >>> 24) & 0xff] ?? 0;
    if (error !== 0 && table[error] === difference) {
      // A Buffer's own `slice` would be a view of what was read.
      const mended = new Uint8Array(bytes);
      mended[at] = (mended[at] ?? 0) ^ error;
      return mended;
    }
    // One byte further from the end: the step of the checksum taken back.
    difference = (((difference ^ (table[error] ?? 0)) << 8) | error) >>> 0;
  }
  return undefined;
}
