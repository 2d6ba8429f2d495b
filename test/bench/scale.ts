/*
 * One hub with a thousand agents: what it costs while nothing happens, how long one job for each of
 * them takes, and how all of them come back after the hub was killed.
 *
 * Idle windows and dispatches are as many as `--rounds`; arrivals are taken once, for they take
 * long. CPU and memory are the hub's process alone. Linux only.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobDetail } from '../../cockpit/verbs/shapes.ts';
import { type Figure, makeFigure } from './figure.ts';
import { type Fleet, type FleetHub, openFleet } from './fleet.ts';
import { budgets, fleetSettleMs, fleetSize, fleetWindowMs } from './limits.ts';
import type { BenchPlan } from './plan.ts';
import {
  canReadUsage,
  type Memory,
  readCpuMs,
  readMemory,
  type Usage,
  watchUsage,
} from './proc.ts';
import { formatNumber } from './report.ts';

/** How all of them came. */
interface Arrival {
  readonly ms: number;
  /** Most dials begun in one second. */
  readonly dialsPeak: number;
  readonly dialCount: number;
  /** Most of a core that the hub used in one second, and all of it in milliseconds. */
  readonly percentPeak: number;
  readonly cpuMs: number;
}

/** The hub at scale. */
export async function benchScale(plan: BenchPlan): Promise<readonly Figure[]> {
  if (!canReadUsage()) return [];
  const form = plan.isQuick ? 'quick' : 'whole';
  const size = fleetSize[form];
  await using fleet = await openFleet(size);
  fleet.startAgents();
  let hub = await fleet.startHub();
  const figures: Figure[] = [];
  const who = `hub with ${size} agents`;
  const arrive = async (how: string, begin: () => Promise<FleetHub>) => {
    const watch = watchArrival(fleet, size);
    hub = await begin();
    figures.push(describeArrival(`${who}: ${how}`, await watch(hub)));
  };
  await arrive('all linked after a fresh start', async () => hub);
  await sleep(fleetSettleMs[form]);
  const usages: Usage[] = [];
  for (let count = 0; count < plan.rounds; count += 1) {
    usages.push(await watchUsage(hub.pid, fleetWindowMs[form]));
  }
  const dispatches: number[] = [];
  for (let count = 0; count < plan.rounds; count += 1) dispatches.push(await dispatchAll(hub));
  figures.push(...describeService(who, { usages, dispatches, after: readMemory(hub.pid) }));
  const restart = (manner: 'stop' | 'kill') => async () => {
    await hub.end(manner);
    return fleet.startHub();
  };
  await arrive('all back after it was stopped and started again', restart('stop'));
  if (!plan.isQuick) {
    await arrive('all back after it was killed and started again', restart('kill'));
  }
  await hub.end('stop');
  return figures;
}

interface Service {
  readonly usages: readonly Usage[];
  readonly dispatches: readonly number[];
  readonly after: Memory;
}

function describeService(who: string, { usages, dispatches, after }: Service): readonly Figure[] {
  return [
    makeFigure({
      ...{ name: `${who}: idle CPU`, unit: '% of a core', budget: budgets.fleetPercent },
      rounds: usages.map(({ percent }) => percent),
    }),
    makeFigure({
      ...{ name: `${who}: memory`, unit: 'MB', budget: budgets.fleetMegabytes },
      rounds: usages.map(({ megabytes }) => megabytes),
      note: `resident; ${formatNumber(after.megabytes)} MB after the dispatches`,
    }),
    makeFigure({
      ...{ name: `${who}: one job for each, to the last outcome on the hub’s disk`, unit: 'ms' },
      ...{ rounds: dispatches, budget: budgets.fleetDispatchMs },
    }),
  ];
}

async function dispatchAll({ client }: FleetHub): Promise<number> {
  const start = performance.now();
  const args = { command: ['true'], all: true, wait: true };
  const job = (await client.call('dispatch', args)) as JobDetail;
  if (job.outcome !== 'succeeded') throw new Error(`${job.id}: ${job.outcome}`);
  return performance.now() - start;
}

/** From now until all have found the hub that begins meanwhile and are linked to it. */
function watchArrival(fleet: Fleet, size: number): (hub: FleetHub) => Promise<Arrival> {
  const start = performance.now();
  const before = fleet.look();
  let dials = before.dialCount;
  let dialsPeak = 0;
  let percentPeak = 0;
  let cpuMs = 0;
  let pid: number | undefined;
  const everySecond = setInterval(() => {
    const { dialCount } = fleet.look();
    dialsPeak = Math.max(dialsPeak, dialCount - dials);
    dials = dialCount;
    if (pid === undefined) return;
    const nowMs = readCpuMs(pid);
    percentPeak = Math.max(percentPeak, (nowMs - cpuMs) / 10);
    cpuMs = nowMs;
  }, 1000);
  return async (hub) => {
    pid = hub.pid;
    await fleet.until(({ linkedCount, foundCount }) => {
      return linkedCount === size && foundCount - before.foundCount >= size;
    });
    const ms = performance.now() - start;
    clearInterval(everySecond);
    const dialCount = fleet.look().dialCount - before.dialCount;
    return { ms, dialsPeak, dialCount, percentPeak, cpuMs: readCpuMs(hub.pid) };
  };
}

function describeArrival(name: string, arrival: Arrival): Figure {
  const { ms, dialsPeak, dialCount, percentPeak, cpuMs } = arrival;
  const dials = `${dialCount} dials, at most ${formatNumber(dialsPeak)} a second`;
  const cpu = `hub ${formatNumber(cpuMs)} ms of CPU with its start, at most ${formatNumber(percentPeak)} % of a core`;
  const note = `${dials}; ${cpu}`;
  return makeFigure({ name, unit: 'ms', rounds: [ms], budget: budgets.fleetReturnMs, note });
}
