/*
 * LevelDB's tables as they lie on the disk: every entry of every block that is whole, and the keys of those that are not.
 *
 * A block with one damaged byte is mended where what comes out can be read. A block that is lost is named by the bounds
 * of its keys, which the index holds, so that nothing is lost without a word. Where the index itself is gone, as in a
 * table that was cut, blocks are found by their checksums, one after the other from the beginning. Pure.
 * Source: LevelDB, doc/table_format.md; LevelDB 1.20, table/format.cc.
 */
import { crc32c, mendByte, sumEnds, unmask } from './checksum.ts';
import {
  type LevelEntry,
  readFixed64,
  readUserKey,
  UnfitError,
  ValueReader,
} from './level-values.ts';
import { unpackSnappy } from './snappy.ts';

const footerBytes = 48;
const trailerBytes = 5;
/** Bytes that are looked at for the end of one block: it holds 4 KiB, or one row, and no row has more than this. */
const blockBytesMax = 4 * 1024 * 1024;
const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
/** How the block before the table's index ends. */
const emptyBlock = [0, 0, 0, 0, 1, 0, 0, 0, 0];

/** Keys whose newest state may have been in a block that is lost; null is the end of the table. */
export interface LostRange {
  readonly after: string | null;
  readonly through: string | null;
}

/** What a table holds. */
export interface TableContent {
  readonly entries: readonly LevelEntry[];
  readonly lost: readonly LostRange[];
  /** Blocks in which a byte was put right. */
  readonly mendedCount: number;
  /** Places by which LevelDB finds blocks that are not as they were written; a table that is made anew has new ones. */
  readonly guideCount: number;
}

interface Place {
  readonly at: number;
  readonly size: number;
}

/** Reads a table. */
export function readLevelTable(file: Uint8Array): TableContent {
  const entries: LevelEntry[] = [];
  const lost: LostRange[] = [];
  const index = readIndex(file);
  if (index === undefined) return scanBlocks(file);
  let mendedCount = index.isMended ? 1 : 0;
  let after: string | null = null;
  for (const { through, place } of index.blocks) {
    const block = readBlock(file, place, readEntries);
    if (block === undefined) lost.push({ after, through });
    else {
      for (const entry of block.content) entries.push(entry);
      if (block.isMended) mendedCount += 1;
    }
    after = through;
  }
  return { entries, lost, mendedCount, guideCount: countGuides(file) };
}

/** How many blocks do not have the sum that was written, the footer among them; one where the index itself is gone. */
export function countDamaged(file: Uint8Array): number {
  const index = readIndex(file);
  if (index === undefined) return 1;
  const bad = index.blocks.filter(({ place }) => !isSound(file, place));
  return bad.length + (index.isMended ? 1 : 0) + countGuides(file);
}

/**
 * How many of the footer, the block that says where the filter is, and the filter are damaged. LevelDB looks for no
 * row of which the filter says that it is not there, and compares no sum of that either.
 */
function countGuides(file: Uint8Array): number {
  const footer = readFooter(file);
  if (footer === undefined || !isSound(file, footer.filters)) return 1;
  const filters = readBlock(file, footer.filters, readPlaces) ?? { content: [] };
  return filters.content.filter((place) => !isSound(file, place)).length;
}

function isSound(file: Uint8Array, { at, size }: Place): boolean {
  const end = at + size + 1;
  if (end + 4 > file.length) return false;
  const wanted = new DataView(file.buffer, file.byteOffset + end).getUint32(0, true);
  return crc32c(file.subarray(at, end)) === unmask(wanted);
}

/** Blocks lie without gaps: those of data, a filter of their keys, and the one that says where the filter is. */
function scanBlocks(file: Uint8Array): TableContent {
  const entries: LevelEntry[] = [];
  let at = 0;
  for (;;) {
    const size = findBlockSize(file, at);
    if (size === undefined) break;
    const block = readBlock(file, { at, size }, readEntries);
    at += size + trailerBytes;
    if (block === undefined && !namesFilter(file, at)) break;
    // All blocks of data were read; what is gone is only where they lie.
    if (block === undefined) return { entries, lost: [], mendedCount: 1, guideCount: 0 };
    for (const entry of block.content) entries.push(entry);
  }
  const lost = [{ after: entries.at(-1)?.key ?? null, through: null }];
  return { entries, lost, mendedCount: 0, guideCount: 0 };
}

/** Is the block that begins here the one that says where the filter is? */
function namesFilter(file: Uint8Array, at: number): boolean {
  const size = findBlockSize(file, at) ?? 0;
  return Buffer.from(file.buffer, file.byteOffset + at, size).includes('filter.leveldb.');
}

/** The size of the block that begins here: the first whose sum is the one that follows on it. */
function findBlockSize(file: Uint8Array, at: number): number | undefined {
  const end = Math.min(file.length, at + blockBytesMax);
  for (const length of sumEnds(file.subarray(at, end))) {
    const type = file[at + length - 1] ?? 2;
    if (type <= 1) return length - 1;
  }
  return undefined;
}

interface Index {
  readonly blocks: readonly { readonly through: string; readonly place: Place }[];
  readonly isMended: boolean;
}

function readIndex(file: Uint8Array): Index | undefined {
  const place = findIndex(file);
  const found = place === undefined ? undefined : readBlock(file, place, readPairs);
  if (found === undefined) return undefined;
  try {
    const blocks = found.content.map(({ key, value }) => ({
      through: readUserKey(key),
      place: readPlace(new ValueReader(value)),
    }));
    return { blocks, isMended: found.isMended };
  } catch (thrown) {
    if (thrown instanceof UnfitError) return undefined;
    throw thrown;
  }
}

/** Where the footer says that the index and the block about filters lie; undefined where it makes no sense. */
function readFooter(
  file: Uint8Array,
): { readonly filters: Place; readonly index: Place } | undefined {
  const footerAt = file.length - footerBytes;
  if (footerAt < 0) return undefined;
  if (magic.some((byte, index) => file[file.length - 8 + index] !== byte)) return undefined;
  try {
    const reader = new ValueReader(file.subarray(footerAt));
    const [filters, index] = [readPlace(reader), readPlace(reader)];
    return index.at + index.size + trailerBytes <= footerAt ? { filters, index } : undefined;
  } catch (thrown) {
    if (thrown instanceof UnfitError) return undefined;
    throw thrown;
  }
}

function readPlace(reader: ValueReader): Place {
  return { at: reader.number(), size: reader.number() };
}

function readPlaces(block: Uint8Array): readonly Place[] {
  return readPairs(block).map(({ value }) => readPlace(new ValueReader(value)));
}

/** By the footer; where that is damaged, by the block before it, which looks the same in every table of ours. */
function findIndex(file: Uint8Array): Place | undefined {
  const footerAt = file.length - footerBytes;
  if (footerAt < 0) return undefined;
  const footer = readFooter(file);
  if (footer !== undefined) return footer.index;
  const before = Buffer.from(file.buffer, file.byteOffset, footerAt).lastIndexOf(
    Buffer.from(emptyBlock),
  );
  if (before < 0) return undefined;
  const at = before + emptyBlock.length - 1 + trailerBytes;
  return { at, size: footerAt - trailerBytes - at };
}

/** A block of which `read` makes sense; undefined for one that is lost. */
function readBlock<T>(
  file: Uint8Array,
  { at, size }: Place,
  read: (bytes: Uint8Array) => T,
): { readonly content: T; readonly isMended: boolean } | undefined {
  const end = at + size + trailerBytes;
  if (!Number.isSafeInteger(end) || end > file.length) return undefined;
  const summed = file.subarray(at, at + size + 1);
  const wanted = unmask(
    new DataView(file.buffer, file.byteOffset + at + size + 1).getUint32(0, true),
  );
  const isSound = crc32c(summed) === wanted;
  const whole = isSound ? summed : (mendByte(summed, wanted) ?? mendSum(summed, wanted));
  if (whole === undefined) return undefined;
  try {
    const type = whole[size];
    const body = whole.subarray(0, size);
    if (type !== 0 && type !== 1) return undefined;
    return { content: read(type === 1 ? unpackSnappy(body) : body), isMended: !isSound };
  } catch (thrown) {
    if (thrown instanceof UnfitError) return undefined;
    throw thrown;
  }
}

/** Where only one byte of the sum itself differs the block is as it was. */
function mendSum(summed: Uint8Array, wanted: number): Uint8Array | undefined {
  const masked = (crc: number) => ((((crc >>> 15) | (crc << 17)) >>> 0) + 0xa282ead8) >>> 0;
  const difference = (masked(crc32c(summed)) ^ masked(wanted)) >>> 0;
  const bytes = [0, 8, 16, 24].filter((shift) => ((difference >>> shift) & 0xff) !== 0);
  return bytes.length === 1 ? summed : undefined;
}

interface Pair {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

function readPairs(block: Uint8Array): readonly Pair[] {
  if (block.length < 4) throw new UnfitError('too short');
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  const restarts = view.getUint32(block.length - 4, true);
  const end = block.length - 4 - restarts * 4;
  if (end < 0) throw new UnfitError('too short');
  const reader = new ValueReader(block.subarray(0, end));
  const pairs: Pair[] = [];
  let key: Uint8Array = new Uint8Array();
  while (!reader.isAtEnd) {
    const [shared, own, length] = [reader.number(), reader.number(), reader.number()];
    if (shared > key.length) throw new UnfitError('no such beginning');
    key = Buffer.concat([key.subarray(0, shared), reader.take(own)]);
    pairs.push({ key, value: reader.take(length) });
  }
  return pairs;
}

function readEntries(block: Uint8Array): readonly LevelEntry[] {
  return readPairs(block).map(({ key, value }) => {
    const name = readUserKey(key);
    const tag = readFixed64(key, key.length - 8);
    const type = key[key.length - 8] ?? 0;
    if (type > 1) throw new UnfitError('no such change');
    return { key: name, sequence: Math.floor(tag / 256), value: type === 1 ? value : null };
  });
}
