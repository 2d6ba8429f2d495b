/*
 * A10: the hub is stopped for two minutes and clocks are off by three days; work goes on, logs resume.
 *
 * Jobs of the class that continues. Nothing may be taken for lost or ended by a clock, and every byte
 * printed meanwhile must be in the hub's copy in its place.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRow } from '../../cockpit/verbs/shapes.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { type Field, openField } from './field/field.ts';
import { getOptions } from './options.ts';
import { type EndlessJob, planEndlessJobs } from './runs/endless-job.ts';
import type { EndedJob } from './runs/job-flow.ts';
import { judge } from './runs/verdict.ts';

const agentCount = 2;
const jobsPerAgent = 3;
const threeDays = 3 * 86_400;

/** Printed in between, so that there is something to resume. */
const lineSeconds = 0.1;

/** The check. */
export const check: ChaosCheck = {
  id: 'A10',
  title: 'hub stopped for 120 s, clocks off by 3 days: none lost, none killed, logs resume',
  run: runStopped,
};

async function runStopped(report: (line: string) => void): Promise<ChaosOutcome> {
  const stopSeconds = getOptions().seconds ?? (getOptions().isShort ? 15 : 120);
  const { seed = 1 } = getOptions();
  await using field = await openField({ agentCount, seed, hasClocks: true });
  const directory = field.folder('effects');
  const jobs = planEndlessJobs(directory, lineSeconds);
  const started: { readonly endless: EndlessJob; readonly row: JobRow }[] = [];
  for (const { name } of field.agents) {
    for (let n = 0; n < jobsPerAgent; n += 1) {
      const endless = jobs.make(`${name}-${n}`);
      const args = { command: [endless.command], on: [name], key: endless.key };
      started.push({ endless, row: await field.voice.ask<JobRow>('dispatch', args) });
    }
  }
  await sleep(2000);
  await stopAndStep(field, stopSeconds, report);
  jobs.release();
  const ids = started.map(({ row }) => row.id);
  const rows = await field.voice.ask<readonly JobRow[]>('wait', { jobs: ids });
  const ended = started.map(({ endless }, index): EndedJob => {
    return { job: endless.measure(), row: rows[index] as JobRow, tookMs: 0 };
  });
  const { voice } = field;
  const verdict = await judge({
    voice,
    ended,
    directory,
    allowed: ['succeeded'],
    doctor: 'not asked',
  });
  const retried = rows.filter(({ attemptCount }) => attemptCount !== 1).length;
  const figures = {
    jobs: ended.length,
    'hub stopped s': stopSeconds,
    'lines printed': ended.reduce((sum, { job }) => sum + job.lineCount, 0),
    'lost log lines': verdict.lostLines,
    'double executions': verdict.doubleRuns,
    'tried again': retried,
    ...(field.missing.size === 0 ? {} : { unavailable: [...field.missing].join('; ') }),
  };
  const faults = [...verdict.faults, ...(retried === 0 ? [] : [`${retried} were tried again`])];
  if (faults.length > 0) return { verdict: 'failed', detail: faults.join(' | '), figures };
  if (field.missing.size > 0) {
    const detail = `the stop did no harm, but ${[...field.missing].join('; ')}`;
    return { verdict: 'unavailable', detail, figures };
  }
  return { verdict: 'passed', detail: 'every job went on and every line is there', figures };
}

/** Hub ahead and agents behind, then the other way round with the hub stopped in between. */
async function stopAndStep(
  field: Field,
  stopSeconds: number,
  report: (line: string) => void,
): Promise<void> {
  const [first, second] = field.agents;
  field.hub.clock?.set(threeDays);
  first?.clock?.set(-threeDays);
  await sleep(3000);
  field.hub.box.pause();
  report(`the hub is stopped for ${stopSeconds} s`);
  await sleep(stopSeconds * 1000);
  second?.clock?.set(threeDays);
  field.hub.clock?.set(-threeDays);
  field.hub.box.resume();
  await sleep(3000);
  await field.untilLinked();
  report('the hub goes on, three days behind');
}
