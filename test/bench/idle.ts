/*
 * What hub and agent cost while nothing happens, against a Node that only waits.
 *
 * Resident memory, and the time on a core of all threads. All three are looked at over the very same
 * windows. Linux only.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startScript } from '../kit/processes.ts';
import { type Figure, makeFigure } from './figure.ts';
import { budgets, idleWindowMs, settleMs } from './limits.ts';
import { type BenchPlan, shrink } from './plan.ts';
import { canReadUsage, type Usage, watchUsage } from './proc.ts';
import { openTeam } from './team.ts';

/** Memory and CPU of an idle hub and its one idle agent. */
export async function benchIdle(plan: BenchPlan): Promise<readonly Figure[]> {
  if (!canReadUsage()) return [];
  await using team = await openTeam();
  await using bare = startScript({
    file: '-e',
    args: ['setInterval(() => undefined, 2 ** 30)'],
    env: {},
    timeoutMs: 2 ** 30,
  });
  await sleep(shrink(plan, settleMs));
  const windowMs = shrink(plan, idleWindowMs);
  const hub: Usage[] = [];
  const agent: Usage[] = [];
  const base: Usage[] = [];
  for (let count = 0; count < plan.rounds; count += 1) {
    const [hubUsage, agentUsage, bareUsage] = await Promise.all([
      watchUsage(team.hubPid, windowMs),
      watchUsage(team.agentPid, windowMs),
      watchUsage(bare.pid ?? 0, windowMs),
    ]);
    hub.push(hubUsage);
    agent.push(agentUsage);
    base.push(bareUsage);
  }
  return [...describe('agent', agent, base), ...describe('hub', hub, base)];
}

function describe(who: 'agent' | 'hub', own: readonly Usage[], base: readonly Usage[]): Figure[] {
  const last = own.at(-1)?.privateMegabytes ?? Number.NaN;
  return [
    makeFigure({
      name: `idle ${who}: memory`,
      unit: 'MB',
      rounds: own.map((usage) => usage.megabytes),
      baseline: { name: 'idle node', rounds: base.map((usage) => usage.megabytes) },
      budget: who === 'hub' ? budgets.hubMegabytes : budgets.agentMegabytes,
      note: `resident; ${Math.round(last)} MB of it private`,
    }),
    makeFigure({
      name: `idle ${who}: CPU`,
      unit: '% of a core',
      rounds: own.map((usage) => usage.percent),
      budget: budgets.idlePercent,
      note: `${idleWindowMs / 1000} s a round`,
    }),
  ];
}
