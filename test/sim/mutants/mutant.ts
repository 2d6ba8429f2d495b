/*
 * What a mutant is: one rule of the product switched off by a small textual edit of its source.
 *
 * It shows that some check sees when that rule is broken. `find` must stand in its file exactly once:
 * when the source changes, the mutant must be changed with it, or it would show nothing.
 */

/** One replacement in one file. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** One planted fault. */
export interface Mutant {
  /** A slug, for `--only`. */
  readonly id: string;
  /** What the product does wrong with it. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** Kinds of faults and wishes that are in every seed, where it needs rare ones. */
  readonly focus?: readonly string[];
  /** It must break nothing: some other rule holds. A mutant of that rule is beside it. */
  readonly isHarmless?: true;
}
