/*
 * A figure: what was measured over several rounds, beside its baseline of the same rounds.
 *
 * A ratio is the median of the rounds' own ratios and not the ratio of the medians, so that a round
 * in which the machine was slow counts as any other. Pure.
 */

/** Numbers of several rounds, summed up. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** How far a figure may go. Held against its median, reported, never asserted. */
export type Budget = { readonly below: number } | { readonly above: number };

/** What a bench hands over: one number a round, and one of the baseline in the same round. */
export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly rounds: readonly number[];
  readonly baseline?: { readonly name: string; readonly rounds: readonly number[] };
  readonly budget?: Budget;
  /** What else is worth knowing of it, in a few words. */
  readonly note?: string;
}

/** One row of the report. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: Spread;
  readonly baseline: {
    readonly name: string;
    readonly value: Spread;
    readonly ratio: number;
  } | null;
  readonly budget: (Budget & { readonly isMet: boolean }) | null;
  readonly note: string;
}

/** Sums a figure up. */
export function makeFigure(measured: Measured): Figure {
  const { name, unit, rounds, baseline, budget, note = '' } = measured;
  const value = summarize(rounds);
  return {
    name,
    unit,
    value,
    baseline:
      baseline === undefined
        ? null
        : {
            name: baseline.name,
            value: summarize(baseline.rounds),
            ratio: summarize(rounds.map((own, at) => own / (baseline.rounds[at] ?? Number.NaN)))
              .median,
          },
    budget: budget === undefined ? null : { ...budget, isMet: isMet(value.median, budget) },
    note,
  };
}

/** Median and ends of a list that is not empty. */
export function summarize(numbers: readonly number[]): Spread {
  return {
    median: findQuantile(numbers, 0.5),
    min: Math.min(...numbers),
    max: Math.max(...numbers),
  };
}

/** The number below which `share` of them lie, by nearest rank. */
export function findQuantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  return sorted[rank] ?? Number.NaN;
}

function isMet(median: number, budget: Budget): boolean {
  return 'below' in budget ? median < budget.below : median > budget.above;
}
