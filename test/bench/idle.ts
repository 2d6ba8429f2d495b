/*
 * What hub and agent cost while nothing happens, against a Node that only waits.
 *
 * Read from /proc: resident memory, and the time that the threads of the process were on a core, in
 * nanoseconds by schedstat, because the ticks of stat are too coarse for shares this small. All
 * three are looked at over the very same windows. Linux only. Source: proc(5), sched-stats.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startScript } from '../kit/processes.ts';
import { type Figure, makeFigure } from './figure.ts';
import { budgets, idleWindowMs, settleMs } from './limits.ts';
import { openTeam } from './team.ts';

interface Usage {
  readonly megabytes: number;
  readonly privateMegabytes: number;
  readonly percent: number;
}

/** Memory and CPU of an idle hub and its one idle agent. */
export async function benchIdle(roundCount: number): Promise<readonly Figure[]> {
  if (!existsSync('/proc/self/schedstat')) return [];
  await using team = await openTeam();
  await using bare = startScript({
    file: '-e',
    args: ['setInterval(() => undefined, 2 ** 30)'],
    env: {},
    timeoutMs: 2 ** 30,
  });
  await sleep(settleMs);
  const hub: Usage[] = [];
  const agent: Usage[] = [];
  const base: Usage[] = [];
  for (let count = 0; count < roundCount; count += 1) {
    const [hubUsage, agentUsage, bareUsage] = await Promise.all([
      watch(team.hubPid),
      watch(team.agentPid),
      watch(bare.pid ?? 0),
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

async function watch(pid: number): Promise<Usage> {
  const start = performance.now();
  const before = readCpuMs(pid);
  await sleep(idleWindowMs);
  const percent = (100 * (readCpuMs(pid) - before)) / (performance.now() - start);
  return { percent, ...readMemory(pid) };
}

function readCpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const times = threads.map((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
    return Number(text.split(' ')[0]) / 1e6;
  });
  return times.reduce((sum, ms) => sum + ms, 0);
}

function readMemory(pid: number): {
  readonly megabytes: number;
  readonly privateMegabytes: number;
} {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const read = (field: string) =>
    (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024) / 1e6;
  return {
    megabytes: read('Rss'),
    privateMegabytes: read('Private_Clean') + read('Private_Dirty'),
  };
}
