/*
 * A2: the simulator, with as many seeds as a night takes, and its planted bugs.
 *
 * Nothing is repeated here: this runs the commands of the simulator and passes on what they say.
 */
import manifest from '../../package.json' with { type: 'json' };
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { getOptions } from './options.ts';
import { runCommand } from './runs/command.ts';

const seedsShort = 1500;
const seedsWhole = 20_000;

/** The check. */
export const check: ChaosCheck = {
  id: 'A2',
  title: 'simulator: no seed fails, every planted bug is caught',
  async run(report): Promise<ChaosOutcome> {
    const seeds = String(getOptions().isShort ? seedsShort : seedsWhole);
    const sim = await runCommand(['node', 'test/sim/main.ts', '--seeds', seeds], report);
    const figures = { seeds, 'simulator says': sim.lastLine };
    if (sim.status !== 0) return { verdict: 'failed', detail: sim.lastLine, figures };
    if (!Object.hasOwn(manifest.scripts, 'sim:mutants')) {
      const detail = 'no seed fails; there is no `npm run sim:mutants` to say what it would catch';
      return { verdict: 'unavailable', detail, figures };
    }
    const mutants = await runCommand(['npm', 'run', '-s', 'sim:mutants'], report);
    return {
      verdict: mutants.status === 0 ? 'passed' : 'failed',
      detail: mutants.lastLine,
      figures: { ...figures, 'mutants say': mutants.lastLine },
    };
  },
};
