/*
 * A5: power cuts under hub and agent on a real ext4 over dm-flakey, in a guest with a kernel of its own.
 *
 * What it adds to A3 is the file system: its journal, its order of writes, its replay. A cut drops all
 * that is written after an instant, and the machine dies a little later. One more cut with syncs that
 * lie, which acknowledge what is not on the disk, shows that such a fault is seen.
 */
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { runGuestCuts } from './guest/guest-cuts.ts';
import { findGuestTools } from './guest/tools.ts';
import { getOptions } from './options.ts';

/** See the header. */
export const check: ChaosCheck = {
  id: 'A5',
  title: 'cut power loses nothing acknowledged on ext4 over dm-flakey, in a guest',
  async run(report): Promise<ChaosOutcome> {
    const { isShort, seed = 1, mayInstall } = getOptions();
    const tools = findGuestTools(mayInstall);
    if (typeof tools === 'string') return { verdict: 'unavailable', detail: tools, figures: {} };
    const cuts = isShort ? 1 : 5;
    const found = await runGuestCuts(tools, { cuts, seed, syncs: 'honest' }, report);
    const control = await runGuestCuts(tools, { cuts: 1, seed, syncs: 'lying' }, report);
    const figures = {
      cuts,
      'jobs accepted before a cut': found.acceptedCount,
      'outcomes told before a cut': found.endedCount,
      'faults after them': found.faults.length,
      'faults where syncs lie': `${control.faults.length}, ${control.acceptedCount} jobs accepted`,
    };
    const faults = [
      ...found.faults,
      ...(control.faults.length === 0
        ? ['lying syncs were not noticed: the disk forgets nothing']
        : []),
    ];
    return faults.length === 0
      ? { verdict: 'passed', detail: 'nothing acknowledged is missing', figures }
      : { verdict: 'failed', detail: faults.slice(0, 5).join('; '), figures };
  },
};
