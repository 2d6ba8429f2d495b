/*
 * A16: a thousand jobs over the bad link, and how soon it is back after a minute without any.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TeamRow } from '../../cockpit/verbs/shapes.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { openField } from './field/field.ts';
import { quantile } from './figures.ts';
import { badLine } from './link/line.ts';
import { getOptions } from './options.ts';
import { JobFlow } from './runs/job-flow.ts';
import { makeProofJob } from './runs/proof-job.ts';
import { judge } from './runs/verdict.ts';

const agentCount = 3;

/** Few enough that a job's time is the link's and not that of the queue before it. */
const inFlightMax = 12;

const p99MsMax = 5000;
const backMsMax = 20_000;

/** The check. */
export const check: ChaosCheck = {
  id: 'A16',
  title: '1,000 jobs over the bad link: all succeed, p99 under 5 s; back 20 s after an outage',
  run: runBadLink,
};

async function runBadLink(report: (line: string) => void): Promise<ChaosOutcome> {
  const { isShort, seed = 1, jobs: jobCount = isShort ? 150 : 1000 } = getOptions();
  const outageSeconds = isShort ? 10 : 60;
  await using field = await openField({ agentCount, seed });
  const directory = field.folder('effects');
  const link = { up: badLine, down: badLine };
  await field.shapeLinks(link);
  const jobs = Array.from({ length: jobCount }, (_, n) =>
    makeProofJob({ key: `b${n}`, directory, lineCount: 10 }),
  );
  const { voice } = field;
  const flow = new JobFlow({ voice, jobs, inFlightMax, standMsMax: 60_000 });
  const ended = await flow.run();
  report(`all ${jobCount} jobs have ended; now nothing passes for ${outageSeconds} s`);
  const cut = { up: { ...badLine, isCut: true }, down: { ...badLine, isCut: true } };
  await field.shapeLinks(cut);
  await sleep(outageSeconds * 1000);
  // Who is heard all the same has gone round the line, and then nothing here says anything.
  const team = await voice.ask<readonly TeamRow[]>('team');
  const heard = team.filter(({ link: way }) => way === 'direct').map(({ name }) => name);
  const since = performance.now();
  await field.shapeLinks(link);
  await field.untilLinked();
  const backMs = performance.now() - since;
  const verdict = await judge({ voice, ended, directory, allowed: ['succeeded'] });
  const times = ended.map(({ tookMs }) => tookMs);
  const p99 = quantile(times, 0.99);
  const figures = {
    jobs: jobCount,
    'in flight': inFlightMax,
    'job p50 ms': Math.round(quantile(times, 0.5)),
    'job p99 ms': Math.round(p99),
    'outage s': outageSeconds,
    'back after ms': Math.round(backMs),
    'lost log lines': verdict.lostLines,
    'double executions': verdict.doubleRuns,
  };
  const faults = [
    ...verdict.faults,
    ...(heard.length > 0 ? [`${heard.join(', ')} went round the line`] : []),
    ...(p99 > p99MsMax ? [`p99 is over ${p99MsMax} ms`] : []),
    ...(backMs > backMsMax ? [`back only after ${Math.round(backMs)} ms`] : []),
  ];
  if (faults.length > 0) return { verdict: 'failed', detail: faults.join(' | '), figures };
  return { verdict: 'passed', detail: 'all succeeded in time and the link came back', figures };
}
