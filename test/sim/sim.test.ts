/*
 * The simulator: a few dozen histories, that each is the same twice, and that its checks can fail.
 *
 * Seeds that once failed are kept here under the fault that they showed. Thousands more are run by
 * `node test/sim/main.ts`.
 */
import { describe, expect, test } from 'vitest';
import type { Kv } from '../../store/kv.ts';
import type { Plants } from './ground.ts';
import { type RunReport, runSeed } from './run.ts';

/** What a run violated, in words. */
function listViolations({ seed, violations }: RunReport): readonly string[] {
  return violations.map(({ check, message }) => `seed ${seed}: ${check}: ${message}`);
}

/** Runs seeds until one fails, at most `countMax`; the titles of the checks that failed. */
async function findFailure(plants: Plants, countMax: number): Promise<readonly string[]> {
  for (let seed = 1; seed <= countMax; seed += 1) {
    const { violations } = await runSeed({ seed, plants });
    if (violations.length > 0) return violations.map(({ check }) => check);
  }
  return [];
}

describe('simulator', () => {
  test('simulator: nothing is violated in the first seeds', async () => {
    const failed: string[] = [];
    for (let seed = 1; seed <= 24; seed += 1) {
      failed.push(...listViolations(await runSeed({ seed })));
    }
    expect(failed).toEqual([]);
  });

  test.each([3, 17, 58])('simulator: seed %i makes the same history twice', async (seed) => {
    const first = await runSeed({ seed });
    const second = await runSeed({ seed, isVerbose: true });
    expect(second.hash).toBe(first.hash);
    expect(second.eventCount).toBe(first.eventCount);
  });

  test('simulator: another seed makes another history', async () => {
    const first = await runSeed({ seed: 1 });
    const second = await runSeed({ seed: 2 });
    expect(second.hash).not.toBe(first.hash);
  });

  // Kept for what they showed: two retries at once; a cancel behind a command under way; the acked
  // mark set back; lost while the hub slept; an orphan behind a recorded loss; a lost log frame.
  test.each([1, 152, 6, 73, 940, 17])('simulator: seed %i, which failed once', async (seed) => {
    expect(listViolations(await runSeed({ seed }))).toEqual([]);
  });
});

describe('checks', () => {
  test('checks: a workshop that starts twice is caught', async () => {
    const plants: Plants = {
      wrapWorkshop: (workshop) => ({
        ...workshop,
        start: async (order, take) => {
          void workshop.start(order, () => Promise.resolve()).catch(() => undefined);
          return workshop.start(order, take);
        },
      }),
    };
    expect(await findFailure(plants, 5)).toContain('no attempt starts twice, or after its end');
  });

  test('checks: a store that acknowledges before the disk has it is caught', async () => {
    const wrapKv = (kv: Kv): Kv => ({
      ...kv,
      get: (key) => kv.get(key),
      range: (range) => kv.range(range),
      batch: async (ops, durability) => {
        void kv.batch(ops, durability).catch(() => undefined);
      },
    });
    expect(await findFailure({ wrapKv }, 40)).not.toEqual([]);
  });

  test('checks: a store that forgets what was received is caught', async () => {
    const wrapKv = (kv: Kv): Kv => ({
      get: (key) => kv.get(key),
      range: (range) => kv.range(range),
      batch: (ops, durability) => {
        const kept = ops.filter(({ key }) => !key.startsWith('r/'));
        return kv.batch(kept, durability);
      },
      close: () => kv.close(),
    });
    expect(await findFailure({ wrapKv }, 40)).not.toEqual([]);
  });

  test('checks: output that is changed on its way is caught', async () => {
    const plants: Plants = {
      wrapWorkshop: (workshop) => ({
        ...workshop,
        start: (order, take) =>
          workshop.start(order, (stream, bytes) => take(stream, bytes.toReversed())),
      }),
    };
    expect(await findFailure(plants, 5)).toContain('the copy of a log is what was written');
  });

  test('checks: an orphan that nobody reaps is caught', async () => {
    const plants: Plants = {
      wrapWorkshop: (workshop) => ({ ...workshop, reap: () => Promise.resolve(0) }),
    };
    expect(await findFailure(plants, 20)).toContain('all comes to rest');
  });
});
