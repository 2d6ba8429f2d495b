/*
 * Finds where the heads of patterns stand in bytes, looking at about every second byte only.
 *
 * A window of three bytes moves over the data; a table of all pairs says how far it may jump, and stops
 * it only where the first three bytes of a head may stand. Text without any costs one look in a table
 * for two bytes. Pure once it is made. Source: Wu and Manber, A Fast Algorithm for Multi-Pattern
 * Searching (1994), with blocks of two and a window of three.
 */
import type { Pattern } from './pattern.ts';

const windowBytes = 3;
const none: readonly Pattern[] = [];

/** Made for a set of patterns; a further one is made from it with more. */
export class Scanner {
  /** Pair of bytes → how far the window may jump; 0 where a head may end in it. */
  readonly #shift: Uint8Array;
  readonly #heads: Map<number, Pattern[]>;
  /** How heads begin, for the last bytes of a chunk. */
  readonly #beginnings: Map<number, Pattern[]>;

  constructor(patterns: readonly Pattern[], base?: Scanner) {
    this.#shift = base === undefined ? new Uint8Array(65_536).fill(2) : base.#shift.slice();
    this.#heads = copyLists(base === undefined ? new Map() : base.#heads);
    this.#beginnings = copyLists(base === undefined ? new Map() : base.#beginnings);
    for (const pattern of patterns) this.#add(pattern);
  }

  /** The first place at `from` or later where a head may stand; -1 for none. */
  next(data: Uint8Array, from: number): number {
    const shift = this.#shift;
    const length = data.length;
    let at = from + windowBytes - 1;
    while (at < length) {
      const jump = shift[((data[at - 1] as number) << 8) | (data[at] as number)] as number;
      if (jump > 0) at += jump;
      else if (this.#heads.has(key(data, at - 2))) return at - 2;
      else at += 1;
    }
    for (let place = Math.max(from, length - windowBytes + 1); place < length; place += 1) {
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

  #add(pattern: Pattern): void {
    const [first = 0, second = 0, third = 0] = pattern.head;
    this.#shift[(second << 8) | third] = 0;
    const before = (first << 8) | second;
    this.#shift[before] = Math.min(this.#shift[before] ?? 0, 1);
    addTo(this.#heads, (first << 16) | (second << 8) | third, pattern);
    addTo(this.#beginnings, 0x10000 | (first << 8) | second, pattern);
    addTo(this.#beginnings, first, pattern);
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
