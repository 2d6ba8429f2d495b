/*
 * Plants faults in the product, one after the other, and shows that the simulator catches each.
 *
 *   node test/sim/mutants/main.ts [--only ID,…] [--first N] [--seeds N] [--ms N] [--jobs N]
 *
 * Exit status 1 when one is not caught, when one no longer fits the sources, or when the sources
 * without any fault are said to be faulty.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readCount, readNames, readWords } from '../../kit/command-words.ts';
import { mutants } from './all.ts';
import type { Mutant } from './mutant.ts';
import { findMisfits, PlantTree } from './plant.ts';

/** A mutant is to be caught in so much time of one processor, milliseconds. */
const trialMsDefault = 20_000;

/** A seed takes a moment, on a busy machine some seconds; one that takes longer never ends. */
const seedMsMax = 90_000;

interface Trial {
  readonly seedCount: number;
  readonly check?: string;
  readonly message?: string;
}

const usage = `node test/sim/mutants/main.ts [flags]
  --only ID,…   these alone; all there are: ${mutants.map(({ id }) => id).join(', ')}
  --first N     the first N of them
  --seeds N     of one mutant at most (2000)
  --ms N        of one mutant at most, milliseconds of a processor (${trialMsDefault})
  --jobs N      at once`;

const values = readWords(
  usage,
  () =>
    parseArgs({
      options: {
        only: { type: 'string' },
        first: { type: 'string', default: String(mutants.length) },
        seeds: { type: 'string', default: '2000' },
        ms: { type: 'string', default: String(trialMsDefault) },
        jobs: { type: 'string', default: String(availableParallelism()) },
      },
    }).values,
);
const [firstCount, seedsMax, trialMsMax, jobCount] = [
  values.first,
  values.seeds,
  values.ms,
  values.jobs,
].map((text) => readCount(usage, text)) as [number, number, number, number];
const known = new Set(mutants.map(({ id }) => id));
const wanted =
  values.only === undefined ? [...known] : readNames(usage, { text: values.only, known });

/** The sources as they are: they must pass. */
const nothing: Mutant = {
  id: 'no-mutant',
  breaks: 'nothing: the sources as they are',
  isHarmless: true,
  edits: [],
};

process.exitCode = await main();

async function main(): Promise<number> {
  const chosen = mutants.filter(({ id }) => wanted.includes(id)).slice(0, firstCount);
  const misfits = findMisfits(mutants);
  for (const misfit of misfits) console.log(misfit);
  const fitting = chosen.filter(({ id }) => !misfits.some((text) => text.includes(` ${id}:`)));
  const waiting: Mutant[] = [nothing, ...fitting];
  const failed: string[] = [];
  const work = async () => {
    const tree = new PlantTree();
    try {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        if (!(await tryMutant(tree, mutant))) failed.push(mutant.id);
      }
    } finally {
      tree.remove();
    }
  };
  await Promise.all(Array.from({ length: jobCount }, work));
  const verdict = failed.length === 0 ? '' : `: ${failed.join(' ')}`;
  console.log(
    `${fitting.length} mutants, ${failed.length} wrong${verdict}, ${misfits.length} do not fit`,
  );
  return failed.length + misfits.length === 0 ? 0 : 1;
}

/** True when it came out as it must. */
async function tryMutant(tree: PlantTree, mutant: Mutant): Promise<boolean> {
  const { id, breaks, isHarmless = false } = mutant;
  tree.plant(mutant);
  const trial = await runTrial(tree, mutant);
  tree.clear(mutant);
  const isCaught = trial.check !== undefined;
  const isRight = isCaught !== isHarmless && trial.seedCount > 0;
  const seeds = `${trial.seedCount} seed${trial.seedCount === 1 ? '' : 's'}`;
  const what = isCaught ? `caught in ${seeds} by "${trial.check}"` : `not caught in ${seeds}`;
  const verdict = isRight ? 'ok   ' : 'WRONG';
  console.log(`${verdict} ${id.padEnd(24)} ${what}`);
  if (!isRight) console.log(`        ${breaks}${trial.message ? `; ${trial.message}` : ''}`);
  return isRight;
}

function runTrial({ path }: PlantTree, { focus, isHarmless }: Mutant): Promise<Trial> {
  const ms = isHarmless === true ? trialMsMax / 2 : trialMsMax;
  const script = join(path, 'test/sim/mutants/trial.ts');
  const args = [script, String(seedsMax), String(ms), (focus ?? []).join(',')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  let isHung = false;
  let watchdog: NodeJS.Timeout | undefined;
  const watch = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => {
      isHung = true;
      child.kill('SIGKILL');
    }, seedMsMax);
  };
  watch();
  child.stdout.on('data', (bytes) => {
    printed += String(bytes);
    watch();
  });
  return new Promise((resolve) => {
    child.on('close', () => {
      clearTimeout(watchdog);
      if (isHung) return resolve({ seedCount: 1, check: 'every run ends' });
      const [line] = printed.trim().split('\n').slice(-1);
      // Without a line it did not even run, and that shows nothing.
      resolve(line ? (JSON.parse(line) as Trial) : { seedCount: 0 });
    });
  });
}
