/*
 * The power cuts of A3 and A4: the store's cells, the control, then both homes.
 */
import type { ChaosOutcome } from '../check.ts';
import type { CutKind, NameRule } from './lossy-disk.ts';
import { runHomeCuts } from './power-cut-homes.ts';
import { runCuts } from './power-cuts.ts';

/** By which rules, and how often. */
export interface PowerCutPlan {
  readonly rule: NameRule;
  readonly storeCuts: number;
  readonly homeCuts: number;
}

const seed = 7;

/** Runs all of it. */
export async function runPowerCuts(
  { rule, storeCuts, homeCuts }: PowerCutPlan,
  report: (line: string) => void,
): Promise<ChaosOutcome> {
  const figures: Record<string, number | string> = {};
  const faults: string[] = [];
  const cells: readonly (readonly ['synced' | 'buffered', CutKind])[] = [
    ['synced', 'drop'],
    ['synced', 'prefix'],
    ['synced', 'torn'],
    ['buffered', 'drop'],
  ];
  for (const [durability, kind] of cells) {
    const found = await runCuts({ rule, kind, durability, cuts: storeCuts, seed });
    if (typeof found === 'string') return { verdict: 'unavailable', detail: found, figures: {} };
    const name = `store, ${durability}, ${kind}, ${storeCuts} cuts: missing`;
    figures[name] = `${found.missingCount} of ${found.ackedCount}`;
    report(`${name} ${figures[name]}`);
    const isControl = durability === 'buffered';
    if (isControl && found.missingCount + found.openFailures.length === 0) {
      faults.push('the disk forgets nothing: buffered writes were all there');
    }
    if (isControl) continue;
    if (found.missingCount > 0) faults.push(`${name} ${found.missingCount}`);
    faults.push(...found.openFailures);
  }
  for (const side of ['hub', 'agent'] as const) {
    const found = await runHomeCuts({ side, rule, cuts: homeCuts, seed }, report);
    if (typeof found === 'string') return { verdict: 'unavailable', detail: found, figures: {} };
    figures[`jobs over ${homeCuts} cuts of the ${side}`] = found.jobCount;
    faults.push(...found.faults);
  }
  return faults.length === 0
    ? { verdict: 'passed', detail: 'nothing acknowledged is missing', figures }
    : { verdict: 'failed', detail: faults.slice(0, 5).join('; '), figures };
}
