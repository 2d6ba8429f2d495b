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

/** How long new ones are begun, and how many at once. */
export interface Stint {
  readonly ms: number;
  readonly inFlight: number;
}

/** Does `one` as often as asked, keeping as many under way as asked. Errors: those of `one`. */
export function measurePace(load: Load, one: () => Promise<unknown>): Promise<Pace> {
  return measure(load.inFlight, one, ({ begun }) => begun < load.count);
}

/** The same for a time; each of those in flight is done once at least, and all are waited for. */
export function measureFor(stint: Stint, one: () => Promise<unknown>): Promise<Pace> {
  return measure(stint.inFlight, one, ({ begun, elapsedMs }) => {
    return begun < stint.inFlight || elapsedMs < stint.ms;
  });
}

interface Progress {
  readonly begun: number;
  readonly elapsedMs: number;
}

async function measure(
  inFlight: number,
  one: () => Promise<unknown>,
  goesOn: (progress: Progress) => boolean,
): Promise<Pace> {
  const times: number[] = [];
  const start = performance.now();
  let begun = 0;
  const work = async () => {
    while (goesOn({ begun, elapsedMs: performance.now() - start })) {
      begun += 1;
      const since = performance.now();
      await one();
      times.push(performance.now() - since);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return {
    perSecond: (1000 * times.length) / (performance.now() - start),
    p50: findQuantile(times, 0.5),
    p99: findQuantile(times, 0.99),
  };
}
