/*
 * A row of the table of error codes, and the two ways to write one.
 *
 * What a row says is for a person: what happened, and what to do. The exit status of the verb and
 * whether trying again can help are for programs.
 */

/** What one code means. */
export interface ErrorRow {
  readonly sentence: string;
  /** Exit status of the verb: 1 bad outcome, 2 usage, 3 hub out of reach, 4 refused, 5 timed out. */
  readonly exit: 1 | 2 | 3 | 4 | 5;
  readonly canRetry: boolean;
  readonly hint: string;
}

/** Trying again can help. */
export function passing(exit: ErrorRow['exit'], sentence: string, hint: string): ErrorRow {
  return { exit, canRetry: true, sentence, hint };
}

/** Trying again cannot help before somebody acts. */
export function lasting(exit: ErrorRow['exit'], sentence: string, hint: string): ErrorRow {
  return { exit, canRetry: false, sentence, hint };
}
