/*
 * Sums over what a check measured.
 */

/** The value below which the share of all lies; NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Median and largest, in whole milliseconds, for the table. */
export function describeTimes(name: string, values: readonly number[]): Record<string, number> {
  return {
    [`${name}, median ms`]: Math.round(quantile(values, 0.5)),
    [`${name}, max ms`]: Math.round(Math.max(...values)),
  };
}

/** By how much y grows for each unit of x, by least squares. */
export function findSlope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const mean = (pick: (point: (typeof points)[number]) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const meanX = mean(({ x }) => x);
  const meanY = mean(({ y }) => y);
  const over = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  const under = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  return under === 0 ? 0 : over / under;
}
