/*
 * A14: eight jobs print 100,000 numbered lines each; the copy crosses a bad link through twenty kills.
 *
 * Agents are killed once their jobs have ended, because a killed agent's jobs are lost by rule; what is
 * still to be copied then is on their disks. The hub is killed in between. Each stream must be there
 * from first to last line, each line once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRow } from '../../cockpit/verbs/shapes.ts';
import { createChance } from '../sim/chance.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { openField } from './field/field.ts';
import { badLine } from './link/line.ts';
import { getOptions } from './options.ts';
import type { EndedJob } from './runs/job-flow.ts';
import { Nemesis } from './runs/nemesis.ts';
import { makeProofJob } from './runs/proof-job.ts';
import { judge } from './runs/verdict.ts';

const agentCount = 2;
const streamsPerAgent = 4;

/** Slow enough that the copy lasts through the kills. */
const line = { ...badLine, bytesPerSecond: 250_000 };

/** The check. */
export const check: ChaosCheck = {
  id: 'A14',
  title: '8 streams of 100,000 lines over the bad link with 20 kills: no gap, no repeat',
  run: runStreams,
};

async function runStreams(report: (line: string) => void): Promise<ChaosOutcome> {
  const { isShort, seed = 1 } = getOptions();
  const lineCount = isShort ? 10_000 : 100_000;
  const kills = isShort ? 2 : 10;
  await using field = await openField({ agentCount, seed });
  const directory = field.folder('effects');
  const link = { up: line, down: line };
  await field.shapeLinks(link);
  const plans = field.agents.flatMap(({ name }) =>
    Array.from({ length: streamsPerAgent }, (_, n) => {
      return { name, job: makeProofJob({ key: `${name}-${n}`, directory, lineCount }) };
    }),
  );
  const { voice } = field;
  const ended = await Promise.all(
    plans.map(async ({ name, job }): Promise<EndedJob> => {
      const args = { command: [job.command], key: job.key, on: [name], wait: true };
      return { job, row: await voice.ask<JobRow>('dispatch', args), tookMs: 0 };
    }),
  );
  report('all jobs have ended; their logs are on their way');
  const counts = { 'kill hub': kills, 'kill agent': kills };
  const chance = createChance(seed);
  const nemesis = new Nemesis({ field, chance, counts, link, pauseSecondsMax: 1, report });
  while (nemesis.leftCount > 0) {
    await nemesis.next();
    await sleep(chance.between(200, 2500));
  }
  await nemesis.rest();
  const verdict = await judge({ voice, ended, directory, allowed: ['succeeded'] });
  const figures = {
    streams: ended.length,
    'lines each': lineCount,
    ...Object.fromEntries(nemesis.done),
    'lost log lines': verdict.lostLines,
    'double executions': verdict.doubleRuns,
  };
  if (verdict.faults.length > 0) {
    return { verdict: 'failed', detail: verdict.faults.join(' | '), figures };
  }
  return { verdict: 'passed', detail: 'every stream is whole and in order', figures };
}
