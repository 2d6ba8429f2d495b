/*
 * Power cuts under a store that is written as fast as it goes, and what of the acknowledged is left.
 *
 * The oracle lives outside: what the writer said. A cell with buffered writes shows that the disk
 * really forgets; without it a run that loses nothing would prove nothing.
 */
import { join } from 'node:path';
import { type CutKind, type NameRule, openLossyDisk } from './lossy-disk.ts';
import { findMissingKeys, runWriter } from './writer-run.ts';

/** What is cut. */
export interface CutPlan {
  readonly rule: NameRule;
  readonly kind: CutKind;
  readonly durability: 'synced' | 'buffered';
  readonly cuts: number;
  readonly seed: number;
}

/** What was left. */
export interface CutResult {
  readonly ackedCount: number;
  readonly missingCount: number;
  readonly openFailures: readonly string[];
}

/** Runs one cell; a sentence where there is no such disk. */
export async function runCuts(plan: CutPlan): Promise<CutResult | string> {
  const disk = await openLossyDisk(plan.rule, plan.seed);
  if (typeof disk === 'string') return disk;
  await using _ = disk;
  let store = join(disk.path, 'store0');
  let acked: string[] = [];
  let ackedCount = 0;
  let missingCount = 0;
  const openFailures: string[] = [];
  for (let cut = 0; cut < plan.cuts; cut += 1) {
    const { durability, kind } = plan;
    const lifeMs = 40 + ((cut * 97 + plan.seed * 31) % 260);
    const firstKey = cut * 1_000_000;
    const life = await runWriter({ store, durability, kind: 'mending', firstKey, lifeMs });
    ackedCount += life.acked.length;
    acked.push(...life.acked);
    await disk.cut(kind);
    const missing = await findMissingKeys(store, acked);
    if (typeof missing === 'string') openFailures.push(missing);
    else missingCount += missing.length;
    // The next life begins anew where this one is spoilt, and at times anyway: stores are made too.
    if (typeof missing === 'string' || missing.length > 0 || cut % 5 === 4) {
      store = join(disk.path, `store${cut + 1}`);
      acked = [];
    }
  }
  return { ackedCount, missingCount, openFailures };
}
