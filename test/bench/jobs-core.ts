/*
 * The durable job without its doors: dispatched at the desk of a hub that runs in this process,
 * delivered over the real swarm, done at once by an agent of another process.
 *
 * Hub and agent are the product's own, with their real stores, logs and journal; only the control
 * socket in front and the processes behind are left out. A job counts when the feed tells its
 * outcome, which is after the outcome is on the hub's disk. The floor takes turns with it.
 */
import { fileURLToPath } from 'node:url';
import { findHubHome } from '../../cockpit/home.ts';
import type { Hub } from '../../cockpit/hub/hub.ts';
import { startHub } from '../../cockpit/hub/program.ts';
import { findEnd, type JobRecord } from '../../cockpit/manager/job.ts';
import { boundHeap } from '../../protocol/heap.ts';
import { lostAfterMsDefault, youngHeapBytesMax } from '../../protocol/limits.ts';
import { openSystemPorts } from '../../protocol/ports.ts';
import { openHomes } from '../kit/homes.ts';
import { startScript } from '../kit/processes.ts';
import { bareBox } from '../store/doctor/fake-box.ts';
import { type Figure, makeFigure, summarize } from './figure.ts';
import { openSwarmFloor } from './floor-swarm.ts';
import { measurePace, type Pace } from './in-flight.ts';
import { coreGoals, coreLoads, emptySlots } from './limits.ts';
import { type BenchPlan, shrink } from './plan.ts';
import { formatNumber } from './report.ts';
import { writeConfig } from './team.ts';

const emptyAgent = fileURLToPath(new URL('peers/empty-agent.ts', import.meta.url));

/** A hub in this process, one agent in another, linked. */
export interface Core extends AsyncDisposable {
  /** One job there and back. */
  run(): Promise<void>;
}

interface Rounds {
  readonly floor: Pace[];
  readonly core: Pace[];
}

/** Jobs a second and the time of one, beside the bare floor of the same round. */
export async function benchCore(plan: BenchPlan): Promise<readonly Figure[]> {
  await using core = await openCore();
  await using floor = await openSwarmFloor();
  const rounds = coreLoads.map((): Rounds => ({ floor: [], core: [] }));
  // One round without counting: code is compiled, stores have made their files.
  for (let count = -1; count < plan.rounds; count += 1) {
    for (const [index, whole] of coreLoads.entries()) {
      const load = { inFlight: whole.inFlight, count: shrink(plan, whole.count) };
      const floorPace = await measurePace(load, () => floor.echo());
      const corePace = await measurePace(load, () => core.run());
      if (count < 0) continue;
      rounds[index]?.floor.push(floorPace);
      rounds[index]?.core.push(corePace);
    }
  }
  return coreLoads.flatMap(({ inFlight }, index) => describe(inFlight, rounds[index] as Rounds));
}

/** Starts both; the caller closes them. The heap of this process is bound for good, as that of a hub is. */
export async function openCore(): Promise<Core> {
  boundHeap(youngHeapBytesMax);
  const homes = openHomes();
  const ports = openSystemPorts();
  const hubHome = findHubHome(homes.hub());
  const noticed = () => undefined;
  const plan = {
    home: hubHome,
    ports,
    version: '0.0.0-bench',
    pid: process.pid,
    box: bareBox,
    noticed,
  };
  const { hub, stop } = await startHub(plan);
  const { addresses, rendezvous } = hub.door;
  const order = { kind: 'worker', addresses, rendezvous, ttlMs: 60_000, asks: false } as const;
  const { code } = await hub.invites.create(order);
  const env = homes.agent('empty');
  writeConfig(env.ODALLY_HOME, `slots = ${emptySlots}\n`);
  const agent = startScript({ file: emptyAgent, args: [code], env, timeoutMs: 2 ** 30 });
  const worker = await awaitLinked(hub);
  return {
    run: planRun(hub, worker),
    async [Symbol.asyncDispose]() {
      await agent.close();
      await stop();
      await homes.close();
    },
  };
}

async function awaitLinked(hub: Hub): Promise<string> {
  const find = () => hub.workers.list().find(({ key }) => hub.session(key)?.isLinked === true);
  while (find() === undefined) {
    await new Promise<void>((resolve) => {
      hub.ports.timers.after(20, resolve);
    });
  }
  return find()?.key ?? '';
}

function planRun(hub: Hub, worker: string): () => Promise<void> {
  const ends = new Map<string, (job: JobRecord) => void>();
  hub.feed.follow((event) => {
    if (event.type !== 'job' || event.job.kind !== 'command') return;
    if (findEnd(event.job) === undefined) return;
    ends.get(event.job.id)?.(event.job);
    ends.delete(event.job.id);
  });
  const spec = {
    command: ['true'],
    env: {},
    isIdempotent: false,
    lostAfterMs: lostAfterMsDefault,
  };
  return async () => {
    const wanted = { title: 'true', spec, need: [], on: worker, workers: [worker] };
    const { id } = await hub.desk.dispatch({ ...wanted, shape: 'single' });
    const job = await new Promise<JobRecord>((resolve) => {
      ends.set(id, resolve);
    });
    const outcome = job.kind === 'command' ? findEnd(job)?.outcome : undefined;
    if (outcome !== 'succeeded') throw new Error(`${id}: ${outcome}`);
  };
}

function describe(inFlight: number, { floor, core }: Rounds): readonly Figure[] {
  const perSecond = (paces: readonly Pace[]) => paces.map((pace) => pace.perSecond);
  const p50 = (paces: readonly Pace[]) => paces.map((pace) => pace.p50);
  const note = (paces: readonly Pace[]) => {
    const p99 = summarize(paces.map((pace) => pace.p99)).median;
    return `p50 ${formatNumber(summarize(p50(paces)).median)} ms, p99 ${formatNumber(p99)} ms`;
  };
  const own = makeFigure({
    name: `durable job, hub to agent and back, ${inFlight} in flight`,
    ...{ unit: '/s', rounds: perSecond(core), note: note(core) },
    baseline: { name: 'bare floor', rounds: perSecond(floor) },
  });
  const delay = makeFigure({
    name: `durable job, p50, ${inFlight} in flight`,
    ...{ unit: 'ms', rounds: p50(core) },
    baseline: { name: 'bare floor', rounds: p50(floor) },
  });
  const bare = makeFigure({
    name: `bare floor: hyperdht stream, two group commits a side, ${inFlight} in flight`,
    ...{ unit: '/s', rounds: perSecond(floor), note: note(floor) },
  });
  if (inFlight === 1) return [bare, own, judge(delay, coreGoals.delay)];
  return [bare, judge(own, coreGoals.share), delay];
}

/** Says beside a ratio whether it is what it should be. */
function judge(figure: Figure, goal: { readonly above: number } | { readonly below: number }) {
  const ratio = figure.baseline?.ratio ?? Number.NaN;
  const isMet = 'above' in goal ? ratio >= goal.above : ratio <= goal.below;
  const bound = 'above' in goal ? `≥ ${goal.above}` : `≤ ${goal.below}`;
  const words = `goal: ratio ${bound}: ${isMet ? 'met' : 'NOT MET'}`;
  return { ...figure, note: figure.note === '' ? words : `${figure.note}; ${words}` };
}
