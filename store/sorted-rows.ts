/*
 * A map from keys to bytes in the order of LevelDB, in memory.
 *
 * Keys lie in sorted blocks of bounded size, so that a hundred thousand rows in random order cost
 * milliseconds, where one sorted array would move gigabytes. Pure data: no clock, no chance, no
 * promise. Invariant: blocks are never empty, and every key of a block is below those of the next.
 */
import { sortedBlockKeysMax } from './limits.ts';

/** The map. Not a store: the in-memory store adds durability and time. */
export interface SortedRows {
  get(key: string): Uint8Array | undefined;
  set(key: string, value: Uint8Array): void;
  delete(key: string): void;
  /** Keys from `gte` up to but without `lt`, from the low end or the high, at most `countMax`. */
  list(range: SortedRange): readonly string[];
}

/** See `KvRange`, of which this is the half without values. */
export interface SortedRange {
  readonly gte: string;
  readonly lt: string;
  readonly countMax: number;
  readonly order: 'ascending' | 'descending';
}

/** An empty map. */
export function createSortedRows(): SortedRows {
  const values = new Map<string, Uint8Array>();
  const blocks: string[][] = [];
  return {
    get: (key) => values.get(key),
    set(key, value) {
      if (!values.has(key)) insertKey(blocks, key);
      values.set(key, value);
    },
    delete(key) {
      if (values.delete(key)) removeKey(blocks, key);
    },
    list: (range) =>
      range.order === 'ascending' ? listUp(blocks, range) : listDown(blocks, range),
  };
}

/**
 * Orders keys as their UTF-8 bytes are ordered, which is by code point. JavaScript orders by UTF-16
 * unit, where surrogates (U+10000 and above) wrongly come before U+E000 to U+FFFF.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const unitA = a.charCodeAt(at);
    const unitB = b.charCodeAt(at);
    if (unitA !== unitB) return rankUnit(unitA) - rankUnit(unitB);
  }
  return a.length - b.length;
}

function rankUnit(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

function insertKey(blocks: string[][], key: string): void {
  const at = Math.max(0, findBlock(blocks, key));
  const block = blocks[at];
  if (block === undefined) {
    blocks.push([key]);
    return;
  }
  block.splice(findPlace(block, key), 0, key);
  if (block.length <= sortedBlockKeysMax) return;
  // Rising keys are the usual case; splitting off the end keeps their blocks full.
  const isAppend = at === blocks.length - 1 && block.at(-1) === key;
  const cut = isAppend ? block.length - 1 : block.length >> 1;
  blocks.splice(at + 1, 0, block.splice(cut));
}

function removeKey(blocks: string[][], key: string): void {
  const at = findBlock(blocks, key);
  const block = blocks[at];
  if (block === undefined) return;
  block.splice(findPlace(block, key), 1);
  if (block.length === 0) blocks.splice(at, 1);
}

function listUp(blocks: readonly string[][], range: SortedRange): readonly string[] {
  const found: string[] = [];
  let at = Math.max(0, findBlock(blocks, range.gte));
  let place = findPlace(blocks[at] ?? [], range.gte);
  for (; found.length < range.countMax; place += 1) {
    if (place >= (blocks[at]?.length ?? 0)) {
      at += 1;
      place = 0;
    }
    const key = blocks[at]?.[place];
    if (key === undefined || compareKeys(key, range.lt) >= 0) break;
    found.push(key);
  }
  return found;
}

function listDown(blocks: readonly string[][], range: SortedRange): readonly string[] {
  const found: string[] = [];
  let at = Math.max(0, findBlock(blocks, range.lt));
  let place = findPlace(blocks[at] ?? [], range.lt) - 1;
  for (; found.length < range.countMax; place -= 1) {
    if (place < 0) {
      at -= 1;
      place = (blocks[at]?.length ?? 0) - 1;
    }
    const key = blocks[at]?.[place];
    if (key === undefined || compareKeys(key, range.gte) < 0) break;
    found.push(key);
  }
  return found;
}

/** Index of the last block whose first key is not above `key`; -1 when there is none. */
function findBlock(blocks: readonly string[][], key: string): number {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(blocks[middle]?.[0] ?? '', key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Index of the first key of the block that is not below `key`. */
function findPlace(block: readonly string[], key: string): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(block[middle] ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
