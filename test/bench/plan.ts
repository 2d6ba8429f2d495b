/*
 * What a run of the bench is asked for, as its benches read it.
 */

/** Given to every bench. */
export interface BenchPlan {
  readonly rounds: number;
  /** As little as shows that everything works; the figures mean nothing. */
  readonly isQuick: boolean;
  /** May programs and clients of other systems be installed? */
  readonly mayInstall: boolean;
  /** The other systems to compare with, by id; all if empty. */
  readonly rivals: readonly string[];
}
