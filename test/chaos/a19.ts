/*
 * A19: what a durable job costs beside its floor, as the bench measures it in one run.
 *
 * The bench judges its own budgets; this runs the part that concerns jobs and passes that on. On a
 * machine that does other work its ratios say more than its times.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from '../bench/figure.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { getOptions } from './options.ts';
import { runCommand } from './runs/command.ts';

/** The check. */
export const check: ChaosCheck = {
  id: 'A19',
  title: 'speed: durable jobs beside the floor of the same run',
  async run(report): Promise<ChaosOutcome> {
    const directory = mkdtempSync(join(tmpdir(), 'wally-a19-'));
    try {
      const file = join(directory, 'figures.json');
      const rounds = getOptions().isShort ? '1' : '5';
      const args = ['--only', 'jobs', '--rounds', rounds, '--json', file];
      const bench = await runCommand(['node', 'test/bench/main.ts', ...args], report);
      if (bench.status !== 0) return { verdict: 'failed', detail: bench.lastLine, figures: {} };
      return judge(JSON.parse(readFileSync(file, 'utf8')) as readonly Figure[]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

function judge(all: readonly Figure[]): ChaosOutcome {
  const figures = Object.fromEntries(
    all.map(({ name, unit, value, baseline }) => {
      const ratio = baseline === null ? '' : `, ×${baseline.ratio.toFixed(2)} of ${baseline.name}`;
      const { median } = value;
      const shown = median >= 100 ? Math.round(median) : median.toPrecision(3);
      return [name, `${shown} ${unit}${ratio}`];
    }),
  );
  const missed = all.filter(({ budget }) => budget?.isMet === false);
  const judged = all.filter(({ budget }) => budget !== null);
  if (missed.length > 0) {
    const detail = `budgets missed: ${missed.map(({ name }) => name).join('; ')}`;
    return { verdict: 'failed', detail, figures };
  }
  if (judged.length === 0) {
    return { verdict: 'unavailable', detail: 'the bench sets no budget for jobs', figures };
  }
  return { verdict: 'passed', detail: `${judged.length} budgets met`, figures };
}
