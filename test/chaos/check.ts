/*
 * What an acceptance check is: one module `aNN.ts` in this folder, exporting `check`.
 *
 * A check starts its own processes and ends them, also when it fails. It must never report `passed`
 * for what it did not try: what the machine does not allow is `unavailable`, with the reason in
 * `detail`. A promise of the product that is broken is `failed`, never an exception; what a check
 * throws is a fault of the check and counts as failed too.
 */

/** How it went. `detail` is one line; `figures` are what was measured, with units in their names. */
export type ChaosOutcome = {
  readonly verdict: 'passed' | 'failed' | 'unavailable';
  readonly detail: string;
  readonly figures: Readonly<Record<string, number | string>>;
};

/** One check. */
export interface ChaosCheck {
  /** As the command takes it: `A7`. */
  readonly id: string;
  readonly title: string;
  /** `report` takes one line of progress at a time. */
  run(report: (line: string) => void): Promise<ChaosOutcome>;
}
