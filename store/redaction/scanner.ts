/*
 * Finds where the heads of patterns stand in bytes, looking at every second byte only.
 *
 * Two bytes are looked at, and the next two, and so on: the first three bytes of a head, wherever they
 * stand, hold one such pair, their first two or their last. So a table of all pairs says where a head may
 * stand, and text without any costs one look in it for two bytes, none of which waits for the one before.
 * Pure once it is made. Source: the blocks of Wu and Manber, A Fast Algorithm for Multi-Pattern Searching
 * (1994), at fixed places.
 */
import type { Pattern } from './pattern.ts';

const windowBytes = 3;
const none: readonly Pattern[] = [];

/** What a pair may be of a head: its first two bytes, its second and third, or both. */
const isFirst = 1;
const isSecond = 2;

/** Made for a set of patterns; a further one is made from it with more. */
export class Scanner {
  /** Pair of bytes, as they lie in memory → `isFirst`, `isSecond`, or 0 where it is of no head. */
  readonly #pairs: Uint8Array;
  readonly #heads: Map<number, Pattern[]>;
  /** How heads begin, for the last bytes of a chunk. */
  readonly #beginnings: Map<number, Pattern[]>;

  constructor(patterns: readonly Pattern[], base?: Scanner) {
    this.#pairs = base === undefined ? new Uint8Array(65_536) : base.#pairs.slice();
    this.#heads = copyLists(base === undefined ? new Map() : base.#heads);
    this.#beginnings = copyLists(base === undefined ? new Map() : base.#beginnings);
    for (const pattern of patterns) this.#add(pattern);
  }

  /** The first place at `from` or later where a head may stand; -1 for none. */
  next(data: Uint8Array, from: number): number {
    const pairs = this.#pairs;
    // Words lie at even places of memory.
    const start = from + ((data.byteOffset + from) & 1);
    const count = Math.max(0, (data.length - start) >> 1);
    const words = new Uint16Array(data.buffer, count === 0 ? 0 : data.byteOffset + start, count);
    for (let word = 0; word < count; word += 1) {
      const is = pairs[words[word] as number] as number;
      if (is === 0) continue;
      const at = start + 2 * word;
      if ((is & isSecond) !== 0 && at > from && this.#isHead(data, at - 1)) return at - 1;
      if ((is & isFirst) !== 0 && this.#isHead(data, at)) return at;
    }
    for (
      let place = Math.max(from, data.length - windowBytes + 1);
      place < data.length;
      place += 1
    ) {
      if (this.#beginnings.has(keyOfEnd(data, place))) return place;
    }
    return -1;
  }

  /** The patterns whose first bytes stand here, as far as the data goes. */
  listAt(data: Uint8Array, place: number): readonly Pattern[] {
    const isWhole = place + windowBytes <= data.length;
    const found = isWhole
      ? this.#heads.get(key(data, place))
      : this.#beginnings.get(keyOfEnd(data, place));
    return found ?? none;
  }

  #isHead(data: Uint8Array, place: number): boolean {
    return place + windowBytes <= data.length && this.#heads.has(key(data, place));
  }

  #add(pattern: Pattern): void {
    const [first = 0, second = 0, third = 0] = pattern.head;
    this.#note(first, second, isFirst);
    this.#note(second, third, isSecond);
    addTo(this.#heads, (first << 16) | (second << 8) | third, pattern);
    addTo(this.#beginnings, 0x10000 | (first << 8) | second, pattern);
    addTo(this.#beginnings, first, pattern);
  }

  #note(one: number, other: number, as: number): void {
    const [word = 0] = new Uint16Array(Uint8Array.of(one, other).buffer);
    this.#pairs[word] = (this.#pairs[word] ?? 0) | as;
  }
}

function key(data: Uint8Array, place: number): number {
  return (
    ((data[place] as number) << 16) |
    ((data[place + 1] as number) << 8) |
    (data[place + 2] as number)
  );
}

/** One or two bytes at the end. */
function keyOfEnd(data: Uint8Array, place: number): number {
  const first = data[place] as number;
  return place + 1 < data.length ? 0x10000 | (first << 8) | (data[place + 1] as number) : first;
}

function addTo(lists: Map<number, Pattern[]>, at: number, pattern: Pattern): void {
  const list = lists.get(at);
  if (list === undefined) lists.set(at, [pattern]);
  else list.push(pattern);
}

function copyLists(lists: Map<number, Pattern[]>): Map<number, Pattern[]> {
  return new Map([...lists].map(([at, list]) => [at, [...list]]));
}
