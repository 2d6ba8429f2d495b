/*
 * How long a hub that has done many jobs takes to start and answer, against one that has done none.
 *
 * From spawn to the end of `wally up`, which ends when the hub has answered; then the first list of jobs,
 * and what the hub's memory is a moment after. Both homes take turns in every round.
 */
import { readFileSync } from 'node:fs';
import { openHomes } from '../kit/homes.ts';
import { runVerb } from '../kit/processes.ts';
import { type Figure, makeFigure } from './figure.ts';
import { budgets, oldHub, openRounds } from './limits.ts';
import { makeOldStore } from './peers/old-store.ts';
import type { BenchPlan } from './plan.ts';

type Environment = Readonly<Record<string, string>>;

interface Start {
  readonly upMs: number;
  readonly jobsMs: number;
  readonly megabytes: number;
}

/** The starts of both hubs, in turns. */
export async function benchOpen({ rounds, isQuick }: BenchPlan): Promise<readonly Figure[]> {
  await using homes = openHomes();
  const [old, empty] = [homes.hub('old'), homes.hub('empty')];
  const jobs = isQuick ? oldHub.quickJobs : oldHub.jobs;
  await makeOldStore({ home: old.WALLY_HOME ?? '', jobs, logEvery: oldHub.logEvery });
  // Once without counting: both make their key, and LevelDB sorts what was written last.
  await startOnce(old);
  await startOnce(empty);
  const olds: Start[] = [];
  const empties: Start[] = [];
  for (let count = 0; count < Math.min(rounds, openRounds); count += 1) {
    empties.push(await startOnce(empty));
    olds.push(await startOnce(old));
  }
  const name = `hub of ${jobs} jobs`;
  const compare = (pick: (start: Start) => number) => ({
    rounds: olds.map(pick),
    baseline: { name: 'hub of none', rounds: empties.map(pick) },
  });
  return [
    makeFigure({
      name: `${name}: \`wally up\``,
      unit: 'ms',
      ...compare(({ upMs }) => upMs),
      budget: budgets.openMs,
    }),
    makeFigure({ name: `${name}: \`wally jobs\``, unit: 'ms', ...compare(({ jobsMs }) => jobsMs) }),
    makeFigure({ name: `${name}: memory`, unit: 'MB', ...compare(({ megabytes }) => megabytes) }),
  ];
}

async function startOnce(env: Environment): Promise<Start> {
  const up = await time(env, ['up', '--json']);
  const list = await time(env, ['jobs', '--json']);
  const { pid } = up.result.json<{ hub: { pid: number } }>().hub;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1000;
  await runVerb({ program: 'wally', args: ['down'], env });
  return { upMs: up.ms, jobsMs: list.ms, megabytes };
}

async function time(env: Environment, args: readonly string[]) {
  const start = performance.now();
  const result = await runVerb({ program: 'wally', args, env });
  const ms = performance.now() - start;
  if (result.status !== 0) throw new Error(`wally ${args.join(' ')}: ${result.stdout}`);
  return { ms, result };
}
