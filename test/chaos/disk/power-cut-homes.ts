/*
 * A hub or an agent whose store and logs lie on a disk that loses its power while jobs run.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { giveJobs, judgeJobs, openReadyStand } from './faulty-syncs.ts';
import { type CutKind, type NameRule, openLossyDisk } from './lossy-disk.ts';
import { openStand, type Side } from './stand.ts';

/** What is cut, and how often. */
export interface HomeCutPlan {
  readonly side: Side;
  readonly rule: NameRule;
  readonly cuts: number;
  readonly seed: number;
}

/** What came of it. */
export interface HomeCutResult {
  readonly faults: readonly string[];
  readonly jobCount: number;
}

/** Given while the power is about to go; a few more than can be taken in that time. */
const jobsPerCut = 16;

const kinds: readonly CutKind[] = ['drop', 'prefix', 'torn'];

/** Runs the cuts; a sentence where there is no such disk. */
export async function runHomeCuts(
  plan: HomeCutPlan,
  report: (line: string) => void,
): Promise<HomeCutResult | string> {
  const { side, rule, cuts, seed } = plan;
  await using stand = openStand();
  const disk = await openLossyDisk(rule, seed, join(stand.homes.root, 'lossy'));
  if (typeof disk === 'string') return disk;
  await using _ = disk;
  for (const name of ['store', 'logs']) {
    mkdirSync(join(disk.path, name), { mode: 0o700 });
    symlinkSync(join(disk.path, name), join(stand.home(side), name));
  }
  // Whoever makes a directory syncs its name, and these are made here.
  const root = openSync(disk.path, 'r');
  fsyncSync(root);
  closeSync(root);
  await openReadyStand(stand);
  const ids: string[] = [];
  for (let cut = 0; cut < cuts; cut += 1) {
    const giving = giveJobs(stand, side, jobsPerCut);
    await sleep(80 + ((cut * 131 + seed * 17) % 500));
    await stand.kill(side);
    await disk.cut(kinds[cut % kinds.length] ?? 'drop');
    ids.push(...(await giving));
    await stand.start(side);
    if (cut % 10 === 9)
      report(`${side}, ${rule} rules: ${cut + 1} cuts, ${ids.length} jobs accepted`);
  }
  await stand.untilLinked();
  const faults = await judgeJobs(stand, ids);
  // The disk goes only when nobody uses it any more.
  await stand.kill('agent');
  await stand.kill('hub');
  return { faults, jobCount: ids.length };
}
