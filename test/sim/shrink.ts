/*
 * From a failing seed to the fewest faults and wishes with which it still fails.
 *
 * Delta debugging: halves of the plan are left out, then quarters, and so on, as long as the same
 * check still fails. Leaving one thing out may change what happens later in other ways; then the
 * failure is gone and that part stays. Source: Zeller and Hildebrandt, 2002.
 */
import type { RunOptions, RunReport } from './run.ts';

/** Runs that shrinking may take. */
const runsMax = 200;

/** What is left. */
export interface Shrunk {
  readonly only: readonly string[];
  readonly runCount: number;
}

/** Shrinks the plan of a failing run; `run` runs a seed. */
export async function shrink(
  failed: RunReport,
  options: RunOptions,
  run: (options: RunOptions) => Promise<RunReport>,
): Promise<Shrunk> {
  const check = failed.violations[0]?.check;
  let runCount = 0;
  const stillFails = async (ids: readonly string[]) => {
    runCount += 1;
    const { violations } = await run({ ...options, only: new Set(ids) });
    return violations[0]?.check === check;
  };
  let only = failed.planned.map(({ id }) => id);
  let pieces = 2;
  while (only.length > 0 && runCount < runsMax) {
    const size = Math.ceil(only.length / pieces);
    const left = await leaveOut(only, { size, runsLeft: () => runsMax - runCount, stillFails });
    if (left.length < only.length) {
      only = [...left];
      pieces = Math.max(2, Math.min(pieces, only.length));
    } else if (size === 1) {
      break;
    } else {
      pieces = Math.min(only.length, pieces * 2);
    }
  }
  return { only, runCount };
}

/** Leaves out each piece in turn where it can be. */
async function leaveOut(
  ids: readonly string[],
  how: {
    readonly size: number;
    readonly runsLeft: () => number;
    readonly stillFails: (ids: readonly string[]) => Promise<boolean>;
  },
): Promise<readonly string[]> {
  let kept = ids;
  for (let at = 0; at < kept.length && how.runsLeft() > 0; ) {
    const rest = [...kept.slice(0, at), ...kept.slice(at + how.size)];
    if (await how.stillFails(rest)) kept = rest;
    else at += how.size;
  }
  return kept;
}
