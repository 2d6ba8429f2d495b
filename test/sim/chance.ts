/*
 * Chance from a seed: every draw of a simulated run comes from here.
 *
 * A fork has a history of its own, so that one part drawing more often does not change what the
 * others draw. It is no source of keys. Source of the generator: mulberry32, public domain.
 */
import type { Random } from '../../protocol/ports.ts';

/** Draws from one seed. */
export interface Chance extends Random {
  /** A fraction between the bounds. */
  between(min: number, max: number): number;
  /** A whole number, both bounds included. */
  int(min: number, max: number): number;
  /** One of the list, which must not be empty. */
  pick<T>(list: readonly T[]): T;
  happens(probability: number): boolean;
  fork(): Chance;
  /** The same draws for the same name, whatever was drawn before. */
  name(name: string): Chance;
}

/** The draws of this seed. */
export function createChance(seed: number): Chance {
  let state = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) | 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const int = (min: number, max: number) => min + Math.floor(fraction() * (max - min + 1));
  return {
    fraction,
    bytes(count) {
      const bytes = new Uint8Array(count);
      for (let at = 0; at < count; at += 1) bytes[at] = fraction() * 256;
      return bytes;
    },
    between: (min, max) => min + fraction() * (max - min),
    int,
    pick(list) {
      const picked = list[int(0, list.length - 1)];
      if (picked === undefined) throw new Error('a pick needs something to pick from');
      return picked;
    },
    happens: (probability) => fraction() < probability,
    fork: () => createChance(int(0, 0x7fffffff)),
    name(name) {
      let mixed = seed;
      for (let at = 0; at < name.length; at += 1) {
        mixed = Math.imul(mixed ^ name.charCodeAt(at), 0x01000193);
      }
      return createChance(mixed);
    },
  };
}
