/*
 * What a run of the bench is asked for, as its benches read it.
 */

/** Given to every bench. */
export interface BenchPlan {
  readonly rounds: number;
  /** As little as shows that everything works; the figures mean nothing. */
  readonly isQuick: boolean;
  /** How long memory is watched under a feed. */
  readonly soakMinutes: number;
  /** May programs and clients of other systems be installed? */
  readonly mayInstall: boolean;
  /** The other systems to compare with, by id; all if empty. */
  readonly rivals: readonly string[];
}

/** A quick run does a fortieth of everything that is counted. */
const quickShare = 1 / 40;

/** How many of something, or for how long, this run goes on. */
export function shrink(plan: BenchPlan, count: number): number {
  return plan.isQuick ? Math.ceil(count * quickShare) : count;
}
