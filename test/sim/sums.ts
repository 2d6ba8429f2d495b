/*
 * What came of many seeds, added up: counts, cells of the tables, and the seeds that failed.
 *
 * Sums of parts added in any order are the same, so a batch gives one answer however many processes
 * shared it. They travel between processes as JSON.
 */
import type { Violation } from './history.ts';
import type { RunReport } from './run.ts';

/** A seed that violated something. */
export interface Failure {
  readonly seed: number;
  readonly violations: readonly Violation[];
}

/** Pairs rather than maps, for JSON. */
export interface Sums {
  readonly seedCount: number;
  readonly counts: readonly (readonly [string, number])[];
  readonly cells: readonly (readonly [string, number])[];
  readonly failures: readonly Failure[];
}

/** The sums of no seed. */
export const noSums: Sums = { seedCount: 0, counts: [], cells: [], failures: [] };

/** One run as a sum. */
export function sumRun({ seed, violations, counts, cells }: RunReport): Sums {
  return {
    seedCount: 1,
    counts: [...counts],
    cells: [...cells],
    failures: violations.length === 0 ? [] : [{ seed, violations }],
  };
}

/** Failures in the order of their seeds, names in the order of the alphabet. */
export function addSums(parts: readonly Sums[]): Sums {
  const tally = new Tally();
  for (const part of parts) tally.add(part);
  return tally.sums;
}

/** Sums that grow by one part after the other; what a part costs does not grow with them. */
export class Tally {
  readonly #counts = new Map<string, number>();
  readonly #cells = new Map<string, number>();
  readonly #failures: Failure[] = [];
  #seedCount = 0;

  get failureCount(): number {
    return this.#failures.length;
  }

  add({ seedCount, counts, cells, failures }: Sums): void {
    this.#seedCount += seedCount;
    addPairs(this.#counts, counts);
    addPairs(this.#cells, cells);
    this.#failures.push(...failures);
  }

  /** As `addSums` has them. */
  get sums(): Sums {
    return {
      seedCount: this.#seedCount,
      counts: sortPairs(this.#counts),
      cells: sortPairs(this.#cells),
      failures: this.#failures.toSorted((a, b) => a.seed - b.seed),
    };
  }
}

function addPairs(sums: Map<string, number>, pairs: Sums['counts']): void {
  for (const [name, n] of pairs) sums.set(name, (sums.get(name) ?? 0) + n);
}

function sortPairs(sums: ReadonlyMap<string, number>): Sums['counts'] {
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
}
