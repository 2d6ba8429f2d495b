/*
 * What the command line asked of the checks. Set once, before any check runs.
 */

/** Sizes; absent ones are the check's own. */
export interface ChaosOptions {
  readonly isShort: boolean;
  /** May packages of the system be fetched and installed? */
  readonly mayInstall: boolean;
  readonly jobs?: number;
  readonly seed?: number;
  readonly seconds?: number;
}

let current: ChaosOptions = { isShort: false, mayInstall: false };

/** For the command. */
export function setOptions(options: ChaosOptions): void {
  current = options;
}

/** For the checks. */
export function getOptions(): ChaosOptions {
  return current;
}
