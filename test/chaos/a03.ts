/*
 * A3: the power is cut, by the rules that journalling file systems keep.
 *
 * The store alone first, written as fast as it goes, for three kinds of cut; the same with buffered
 * writes shows that the disk really forgets, or the check proves nothing. Then hub and agent as real
 * processes with store and logs on such a disk.
 */
import type { ChaosCheck } from './check.ts';
import { runPowerCuts } from './disk/power-cut-check.ts';

/** See the header. */
export const check: ChaosCheck = {
  id: 'A3',
  title: 'cut power loses nothing acknowledged: records, jobs, outcomes, logs (ext4 rules)',
  run: (report) => runPowerCuts({ rule: 'ext4', storeCuts: 20, homeCuts: 30 }, report),
};
