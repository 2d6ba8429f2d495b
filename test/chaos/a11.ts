/*
 * A11: an agent loses its store and comes back with the same key, again and again, under load.
 *
 * Nothing that was meant for the old store may reach the new one, and what the old one held must end
 * as lost within 5 s of the reconnect.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRow, TeamRow } from '../../cockpit/verbs/shapes.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { type AgentPost, type Field, openField } from './field/field.ts';
import { describeTimes, quantile } from './figures.ts';
import { getOptions } from './options.ts';
import { JobFlow } from './runs/job-flow.ts';
import { makeProofJob } from './runs/proof-job.ts';
import { judge } from './runs/verdict.ts';

/** What the old store held has ended within so long. */
const settledMsMax = 5000;

/** The check. */
export const check: ChaosCheck = {
  id: 'A11',
  title: 'agent wiped 30 times: nothing replayed into the new store, the old one’s jobs are lost',
  run: runWiped,
};

async function runWiped(report: (line: string) => void): Promise<ChaosOutcome> {
  const { isShort, seed = 1, jobs: jobCount = isShort ? 200 : 1000 } = getOptions();
  const wipeCount = isShort ? 6 : 30;
  await using field = await openField({ agentCount: 2, seed });
  const directory = field.folder('effects');
  const jobs = Array.from({ length: jobCount }, (_, n) =>
    makeProofJob({ key: `w${n}`, directory, lineCount: 5, pauseSeconds: 0.1 }),
  );
  const { voice } = field;
  const flow = new JobFlow({ voice, jobs, inFlightMax: 40, standMsMax: 120_000 });
  const running = flow.run();
  const settled: number[] = [];
  for (let n = 1; n <= wipeCount; n += 1) {
    while (flow.endedCount < (jobCount * n) / (wipeCount + 1)) await sleep(20);
    const agent = field.agents[0] as AgentPost;
    settled.push(await wipe(field, agent));
    if (n % 5 === 0) report(`wiped ${n} times, ${flow.endedCount} of ${jobCount} jobs ended`);
  }
  const ended = await running;
  const verdict = await judge({
    voice,
    ended,
    directory,
    allowed: ['succeeded', 'lost'],
    logs: 'not judged',
    // It would rightly say that logs are short.
    doctor: 'not asked',
  });
  const figures = {
    jobs: jobCount,
    wipes: wipeCount,
    ...Object.fromEntries(
      Object.entries(verdict.outcomes).map(([outcome, count]) => [`outcome ${outcome}`, count]),
    ),
    'double executions': verdict.doubleRuns,
    ...describeTimes('reconnect to settled', settled),
  };
  // Not the largest: a machine that does other work makes any single one late.
  const isLate = quantile(settled, 0.9) > settledMsMax;
  const faults = [
    ...verdict.faults,
    ...(isLate ? [`the old store’s jobs took over ${settledMsMax} ms to be lost`] : []),
  ];
  if (faults.length > 0) return { verdict: 'failed', detail: faults.join(' | '), figures };
  return { verdict: 'passed', detail: 'what the old store held was lost, once, in time', figures };
}

/** Resolves with the time from the reconnect until all that the old store held has ended. */
async function wipe(field: Field, agent: AgentPost): Promise<number> {
  await agent.box.kill();
  const team = await field.voice.ask<readonly TeamRow[]>('team');
  const held = team.find(({ name }) => name === agent.name)?.jobs ?? [];
  for (const part of ['store', 'logs', 'work']) {
    rmSync(join(agent.home, part), { recursive: true, force: true });
  }
  await agent.box.start();
  const since = await untilKnownAgain(field, agent);
  for (const job of held) {
    while ((await field.voice.ask<JobRow>('job', { job })).outcome === null) await sleep(20);
  }
  return performance.now() - since;
}

/** The hub may still think that the killed one is linked, so that the new one is asked. */
async function untilKnownAgain(field: Field, agent: AgentPost): Promise<number> {
  const args = { command: ['true'], on: [agent.name], key: `again-${performance.now()}` };
  const { id } = await field.voice.ask<JobRow>('dispatch', args);
  for (;;) {
    const { receipts, outcome } = await field.voice.ask<JobRow>('job', { job: id });
    if (receipts.acceptedAt !== null || outcome !== null) return performance.now();
    await sleep(10);
  }
}
