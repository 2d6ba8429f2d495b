/*
 * The simulator: a few dozen histories, that each is the same twice, and that its checks can fail.
 *
 * Seeds that once failed are kept here under the fault that they showed. Thousands more are run by
 * `node test/sim/main.ts`.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Kv } from '../../store/kv.ts';
import { runBatch } from './batch.ts';
import { judgeCoverage } from './coverage.ts';
import type { Plants } from './ground.ts';
import { mutants } from './mutants/all.ts';
import { findMisfits, PlantTree } from './mutants/plant.ts';
import { type RunOptions, type RunReport, runSeed } from './run.ts';
import { shrink } from './shrink.ts';
import { unreachable } from './unreachable.ts';

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

/** The first seed of at most so many in which this check fails. */
async function findSeed(plants: Plants, title: string, countMax: number) {
  for (let seed = 1; seed <= countMax; seed += 1) {
    const { violations } = await runSeed({ seed, plants });
    if (violations.some(({ check }) => check === title)) return seed;
  }
  return undefined;
}

describe('simulator', () => {
  test('simulator: nothing is violated in the first seeds', async () => {
    const failed: string[] = [];
    for (let seed = 1; seed <= 12; seed += 1) {
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

  // Kept for what they showed: an attempt lost in the hub that may return, a lease on a disk that
  // fails, a screen opened on one, a box put back to a copy, a hub put back, a clock that steps, a worker revoked while it pairs,
  // reports of a replaced store that waited for the disk, a hub slow to say its time, garbage from a box that sleeps,
  // a slow screen, two stores of one box that wait for the disk, a pairing that does, a thief told yes by garbage,
  // a cancel before there is a stream, work that waits for the disk, a late hello of an older link,
  // a guard told by an agent that had slept, a lease whose end the disk did not take, a guard that could not know,
  // work with a lease that was replaced and reached its worker only then, a clock that stepped before a dispatch, unheard,
  // a hub that slept while invites were asked for, two agents of one key whose stores came in turns,
  // a group with a part that waits for a stranger, a hub that was stopped while it looked for who is silent,
  // a message that reached the disk while that was read for it, a code that garbage
  // called used, a guard that was killed while its agent was stopped, an attempt that was lost, opened again and ended,
  // a worker that had greeted and waited for the disk, one that was let in again by another code after its revoke,
  // a guard's tick that waited while its agent slept, a guard that acted while a second agent waited for its disk,
  // work that a copy of its box called lost before the box began it.
  test.each([
    30002, 30008, 40005, 40210, 13, 3188, 400341, 312, 4138, 21022, 21838, 700784, 3000895, 3003769,
    3000143, 7004006, 5000265, 6001399, 189, 5398, 5172, 710199, 730469, 741663, 5832, 12467, 42084,
    22453, 8372, 29396, 33920, 1001086, 1009056, 1079565, 1087280, 2020422, 2066678, 7009390,
    9782568,
  ])('simulator: seed %i, which failed once', async (seed) => {
    expect(listViolations(await runSeed({ seed }))).toEqual([]);
  });

  test('simulator: leaving out all that was planned leaves a run that passes', async () => {
    const report = await runSeed({ seed: 5, only: new Set() });
    expect(report.planned).toEqual([]);
    expect(listViolations(report)).toEqual([]);
  });
});

describe('batch', () => {
  test('batch: one process and two give the same sums', async () => {
    const options = { first: 1, count: 12, failuresMax: 5, focus: [], progress: () => undefined };
    const one = await runBatch({ ...options, jobs: 1 });
    expect(one.seedCount).toBe(12);
    expect(await runBatch({ ...options, jobs: 2 })).toEqual(one);
  }, 120_000);
});

describe('shrink', () => {
  /** A run that fails where all of these are in its plan. */
  const fake = (needed: readonly string[]) => (options: RunOptions) => {
    const planned = ['f1', 'f2', 'f3', 'f4', 'w1', 'w2', 'w3'].map((id) => ({
      id,
      at: 0,
      what: id,
    }));
    const kept = planned.filter(({ id }) => options.only?.has(id) !== false);
    const isBad = needed.every((id) => kept.some((thing) => thing.id === id));
    const violations = isBad ? [{ check: 'a check', message: '' }] : [];
    const counts = new Map<string, number>();
    const empty = { hash: '', counts, cells: counts, lines: [], eventCount: 0 };
    return Promise.resolve({ seed: 1, planned: kept, violations, ...empty });
  };

  test.each([[['f3']], [['f1', 'w3']], [['f2', 'f4', 'w1']]])(
    'shrink: of seven things only %j are left, where they are needed',
    async (needed) => {
      const run = fake(needed);
      const { only } = await shrink(await run({ seed: 1 }), { seed: 1 }, run);
      expect(only).toEqual(needed);
    },
  );
});

describe('coverage', () => {
  test('coverage: a cell that was never taken is a finding, and one that cannot be is none', () => {
    const { findings, lines } = judgeCoverage(new Map(), 3000);
    expect(findings).toContain('never taken: sender live ack');
    expect(findings.join()).not.toContain('agent-attempt accepted spawned');
    expect(lines.join()).toContain('sender');
  });

  test('coverage: a cell that is listed as unreachable and was taken is a finding', () => {
    const [name = ''] = unreachable.keys();
    const { findings } = judgeCoverage(new Map([[name, 3]]), 3000);
    expect(findings).toContain(`taken 3 times, but listed as unreachable: ${name}`);
  });
});

describe('mutants', () => {
  test('mutants: every edit fits the sources, exactly once', () => {
    expect(findMisfits(mutants)).toEqual([]);
    expect(mutants.length).toBeGreaterThanOrEqual(15);
  });

  test('mutants: an edit whose text is not there is told', () => {
    const edits = [{ file: 'package.json', find: 'no such text', replace: '' }];
    const [misfit] = findMisfits([{ id: 'x', breaks: '', edits }]);
    expect(misfit).toBe('mutant x: its text stands 0 times in package.json, not once');
  });

  test('mutants: the tree to plant in has all that the simulator imports', () => {
    const tree = new PlantTree();
    try {
      const script = join(tree.path, 'test/sim/mutants/trial.ts');
      const printed = execFileSync(process.execPath, [script, '1', '60000', '']);
      expect(JSON.parse(String(printed))).toEqual({ seedCount: 1 });
    } finally {
      tree.remove();
    }
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
      snapshot: () => kv.snapshot(),
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
    // Others may fail first: the work of a lost attempt that had a lease is ended by its guard.
    expect(await findSeed(plants, 'all comes to rest', 60)).toBeDefined();
  }, 60_000);
});
