/*
 * By how much what V8 keeps among the old grows: what dies young never gets there.
 *
 * For programs of their own, which a test runs with `oldSpaceFlags`. It looks at no collection and begins none.
 */
import { getHeapSpaceStatistics } from 'node:v8';

/**
 * Flags for such a program: with room for all that is old, for a whole collection would let it go,
 * and make V8 forget what it remembers.
 */
export const oldSpaceFlags = [
  '--min-semi-space-size=8',
  '--max-semi-space-size=8',
  '--initial-old-space-size=4000',
] as const;

/** Runs every turn in one of the loop's own; gives the bytes by which the old grew, each time that it did. */
export async function sumOldGrowth(turns: number, turn: () => void): Promise<number> {
  let grown = 0;
  let before = measureOld();
  for (let count = 0; count < turns; count += 1) {
    turn();
    await new Promise((resolve) => setImmediate(resolve));
    const now = measureOld();
    grown += Math.max(0, now - before);
    before = now;
  }
  return grown;
}

function measureOld(): number {
  const old = getHeapSpaceStatistics().find((space) => space.space_name === 'old_space');
  return old?.space_used_size ?? 0;
}
