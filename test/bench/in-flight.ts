/*
 * Many of one thing, a fixed number of them under way at once, and how long each took.
 *
 * Closed loop: the next begins when one has ended, so a slow system is asked for less.
 */
import { findQuantile } from './figure.ts';

/** What came of it. Times are milliseconds. */
export interface Pace {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** How many in all, and how many at once. */
export interface Load {
  readonly count: number;
  readonly inFlight: number;
}

/** Does `one` as often as asked, keeping as many under way as asked. Errors: those of `one`. */
export async function measurePace(load: Load, one: () => Promise<unknown>): Promise<Pace> {
  const times: number[] = [];
  let begun = 0;
  const work = async () => {
    while (begun < load.count) {
      begun += 1;
      const start = performance.now();
      await one();
      times.push(performance.now() - start);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: load.inFlight }, work));
  return {
    perSecond: (1000 * load.count) / (performance.now() - start),
    p50: findQuantile(times, 0.5),
    p99: findQuantile(times, 0.99),
  };
}
