/*
 * The main run: many jobs over bad links, with everything killed, stopped, cut, filled and stepped.
 *
 * Every job must end in one outcome, none may run twice, no line may be lost; then the doctor must
 * find nothing. The table of what happened is the result, whether it went well or not.
 */

import type { JobRow } from '../../../cockpit/verbs/shapes.ts';
import { createChance } from '../../sim/chance.ts';
import type { ChaosOutcome } from '../check.ts';
import { type Field, openField } from '../field/field.ts';
import { badLine } from '../link/line.ts';
import { JobFlow } from './job-flow.ts';
import { type FaultCounts, Nemesis } from './nemesis.ts';
import { makeProofJob, type ProofJob } from './proof-job.ts';
import { judge, type Verdict } from './verdict.ts';

/** How large a run is. */
export interface MainRunPlan {
  readonly jobCount: number;
  readonly agentCount: number;
  readonly seed: number;
  readonly faults: FaultCounts;
  readonly pauseSecondsMax: number;
}

/** Of a tmpfs for each home. Logs of ten thousand jobs and their rows fit. */
const diskBytes = 256 * 1024 * 1024;

/** Outcomes that killed agents and full disks may lead to. */
const allowed = ['succeeded', 'lost', 'refused'];

const link = { up: badLine, down: badLine };

/** Lines that a job prints, and every how many sleep in the middle. */
const linesMin = 3;
const linesMax = 40;
const sleeperShare = 0.1;

/** Of the class that stops, with the shortest lease there is: a stopped agent is away for longer. */
const leasedShare = 0.1;
const leaseSecondsMin = 10;

/** Runs it. */
export async function runMain(
  plan: MainRunPlan,
  report: (line: string) => void,
): Promise<ChaosOutcome> {
  const startedAt = performance.now();
  const { agentCount, seed } = plan;
  const isFilled = (plan.faults['fill a disk'] ?? 0) > 0;
  await using field = await openField({
    agentCount,
    seed,
    hasClocks: true,
    ...(isFilled ? { diskBytes } : {}),
  });
  for (const why of field.missing) report(`unavailable: ${why}`);
  await field.shapeLinks(link);
  const chance = createChance(seed);
  const { faults: counts, pauseSecondsMax } = plan;
  const nemesis = new Nemesis({ field, chance, counts, link, pauseSecondsMax, report });
  const directory = field.folder('effects');
  const jobs = makeJobs(plan, directory);
  const flow = new JobFlow({ voice: field.voice, jobs, inFlightMax: 200, standMsMax: 150_000 });
  const running = flow.run();
  await strike(flow, nemesis, { plan, report, running });
  const ended = await running;
  report(`all ${ended.length} jobs have ended; the last faults end`);
  await nemesis.rest();
  await field.untilLinked();
  // First: what it dispatches is told by clocks that are true again, and the doctor looks at the newest event.
  const extraCount = await countExtra(field, ended.length);
  const verdict = await judge({ voice: field.voice, ended, directory, allowed });
  const figures = await describe(field, nemesis, { verdict, plan, startedAt });
  return conclude(verdict, { ...figures, 'jobs that nobody asked for': extraCount });
}

/** Jobs are numbered without a hole, so the next number tells of any that a lost answer made twice. */
async function countExtra(field: Field, jobCount: number): Promise<number> {
  const { id } = await field.voice.ask<JobRow>('dispatch', { command: ['true'], key: 'last' });
  return Number(id.slice(1)) - 1 - jobCount;
}

function makeJobs(plan: MainRunPlan, directory: string): readonly ProofJob[] {
  const chance = createChance(plan.seed + 1);
  return Array.from({ length: plan.jobCount }, (_, n) => {
    const lineCount = chance.int(linesMin, linesMax);
    const sleeper = chance.happens(sleeperShare) ? { pauseSeconds: 0.3 } : {};
    const leased = chance.happens(leasedShare) ? { leaseSeconds: leaseSecondsMin } : {};
    return makeProofJob({ key: `c${n}`, directory, lineCount, ...sleeper, ...leased });
  });
}

interface Striking {
  readonly plan: MainRunPlan;
  readonly report: (line: string) => void;
  readonly running: Promise<unknown>;
}

/** One fault after each equal share of the jobs. */
async function strike(flow: JobFlow, nemesis: Nemesis, scene: Striking): Promise<void> {
  const { plan, report, running } = scene;
  const faultCount = nemesis.leftCount;
  let isOver = false;
  void running.then(
    () => {
      isOver = true;
    },
    () => {
      isOver = true;
    },
  );
  let saidAt = 0;
  while (nemesis.leftCount > 0 && !isOver) {
    const done = faultCount - nemesis.leftCount;
    // The last one comes while a tenth of the jobs is still to be done.
    const dueAt = (plan.jobCount * 0.9 * (done + 1)) / (faultCount + 1);
    if (flow.endedCount >= dueAt) await nemesis.next();
    else await new Promise((resolve) => setTimeout(resolve, 20));
    if (performance.now() - saidAt > 5000) {
      saidAt = performance.now();
      report(`${flow.endedCount} of ${plan.jobCount} jobs ended, ${done} of ${faultCount} faults`);
    }
  }
}

async function describe(
  field: Field,
  nemesis: Nemesis,
  scene: { readonly verdict: Verdict; readonly plan: MainRunPlan; readonly startedAt: number },
): Promise<Record<string, number | string>> {
  const { verdict, plan, startedAt } = scene;
  const lines = await Promise.all(field.agents.map((agent) => field.relay.count(agent.link)));
  const sum = (pick: (line: (typeof lines)[number]['up']) => number) =>
    lines.reduce((total, { up, down }) => total + pick(up) + pick(down), 0);
  const agentPeaks = field.agents.map(({ box }) => box.memoryBytesPeak);
  const ownEnds = field.posts.flatMap(({ name, box }) =>
    box.ownEnds.map((words) => `${name}: ${words}`),
  );
  return {
    jobs: plan.jobCount,
    ...Object.fromEntries(
      Object.entries(verdict.outcomes).map(([outcome, count]) => [`outcome ${outcome}`, count]),
    ),
    'double executions': verdict.doubleRuns,
    'lost log lines': verdict.lostLines,
    ...Object.fromEntries(nemesis.done),
    'datagrams passed': sum(({ passed }) => passed),
    'datagrams lost': sum(({ lost }) => lost),
    'datagrams doubled': sum(({ doubled }) => doubled),
    'datagrams late': sum(({ late }) => late),
    'questions asked again': field.voice.repeatedCount,
    'ends nobody asked for': ownEnds.length,
    ...(ownEnds[0] === undefined ? {} : { 'the first of them': ownEnds[0].slice(0, 160) }),
    'hub memory peak MiB': field.hub.box.memoryBytesPeak >> 20,
    'agent memory peak MiB': Math.max(...agentPeaks) >> 20,
    doctor: verdict.doctor,
    ...(field.missing.size === 0 ? {} : { unavailable: [...field.missing].join('; ') }),
    seed: plan.seed,
    'wall time s': Math.round((performance.now() - startedAt) / 1000),
  };
}

function conclude(
  verdict: Verdict,
  figures: Readonly<Record<string, number | string>>,
): ChaosOutcome {
  const extra = figures['jobs that nobody asked for'];
  const faults = [...verdict.faults, ...(extra === 0 ? [] : [`${extra} jobs too many`])];
  if (faults.length > 0) return { verdict: 'failed', detail: faults.join(' | '), figures };
  return { verdict: 'passed', detail: 'one outcome each, none ran twice, no line lost', figures };
}
