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
  return {
    seedCount: parts.reduce((sum, { seedCount }) => sum + seedCount, 0),
    counts: addPairs(parts.map(({ counts }) => counts)),
    cells: addPairs(parts.map(({ cells }) => cells)),
    failures: parts.flatMap(({ failures }) => failures).sort((a, b) => a.seed - b.seed),
  };
}

function addPairs(lists: readonly Sums['counts'][]): Sums['counts'] {
  const sums = new Map<string, number>();
  for (const [name, n] of lists.flat()) sums.set(name, (sums.get(name) ?? 0) + n);
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
}
