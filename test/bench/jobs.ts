/*
 * A durable job there and back: dispatched, delivered, done, its outcome on the hub's disk.
 *
 * Three kinds take turns in every round with the floor: `true` on the real agent, nothing at all on
 * an agent whose workshop is empty, and a bare spawn of `true` by this process. Jobs go through the
 * hub's control socket, and a job counts when its `wait` has been answered.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { JobDetail } from '../../cockpit/verbs/shapes.ts';
import { startScript } from '../kit/processes.ts';
import { type Figure, makeFigure, summarize } from './figure.ts';
import { type Floor, openFloor } from './floor.ts';
import { measurePace, type Pace } from './in-flight.ts';
import { emptySlots, loads } from './limits.ts';
import { type BenchPlan, shrink } from './plan.ts';
import { formatNumber } from './report.ts';
import { openTeam, type Team } from './team.ts';

const emptyAgent = fileURLToPath(new URL('peers/empty-agent.ts', import.meta.url));

type Kind = 'floor' | 'empty' | 'spawning' | 'spawn';

/** What is done once, by kind. */
type Deeds = Readonly<Record<Kind, () => Promise<unknown>>>;

type Rounds = Readonly<Record<Kind, Pace[]>>;

/** Jobs a second and the time of one, by how many are in flight. */
export async function benchJobs(plan: BenchPlan): Promise<readonly Figure[]> {
  await using team = await openTeam();
  const { code } = (await team.client.call('invite', {})) as { code: string };
  const env = team.prepareAgent('empty', `slots = ${emptySlots}\n`);
  await using _peer = startScript({ file: emptyAgent, args: [code], env, timeoutMs: 2 ** 30 });
  const emptyName = await team.awaitLinked(2);
  await using floor = await openFloor();
  const deeds = planDeeds(team, { floor, emptyName });
  const rounds = loads.map((): Rounds => ({ floor: [], empty: [], spawning: [], spawn: [] }));
  // One round without counting: code is compiled, stores have made their files.
  for (let count = -1; count < plan.rounds; count += 1) {
    for (const [index, load] of loads.entries()) {
      for (const kind of ['floor', 'empty', 'spawn', 'spawning'] as const) {
        const pace = await measurePace(planLoad(plan, load, kind), deeds[kind]);
        if (count >= 0) rounds[index]?.[kind].push(pace);
      }
    }
  }
  return loads.flatMap(({ inFlight }, index) => describe(inFlight, rounds[index] as Rounds));
}

function planDeeds(team: Team, { floor, emptyName }: { floor: Floor; emptyName: string }): Deeds {
  const dispatch = async (on: string) => {
    const args = { command: ['true'], on: [on], wait: true };
    const job = (await team.client.call('dispatch', args)) as JobDetail;
    if (job.outcome !== 'succeeded') throw new Error(`${job.id}: ${job.outcome} ${job.reason}`);
  };
  return {
    floor: () => floor.echo(),
    empty: () => dispatch(emptyName),
    spawning: () => dispatch(team.agentName),
    spawn: () => once(spawn('true', { stdio: 'ignore' }), 'exit'),
  };
}

function planLoad(plan: BenchPlan, load: (typeof loads)[number], kind: Kind) {
  const isCheap = kind === 'floor' || kind === 'empty';
  const count = isCheap ? load.countEmpty : load.countSpawning;
  return { inFlight: load.inFlight, count: shrink(plan, count) };
}

function describe(inFlight: number, rounds: Rounds): readonly Figure[] {
  const perSecond = (kind: Kind) => rounds[kind].map((pace) => pace.perSecond);
  const note = (kind: Kind) => {
    const p50 = summarize(rounds[kind].map((pace) => pace.p50)).median;
    const p99 = summarize(rounds[kind].map((pace) => pace.p99)).median;
    return `p50 ${formatNumber(p50)} ms, p99 ${formatNumber(p99)} ms`;
  };
  const floor = { name: 'floor', rounds: perSecond('floor') };
  const figure = (name: string, kind: Kind, baseline?: typeof floor) =>
    makeFigure({
      name: `${name}, ${inFlight} in flight`,
      unit: '/s',
      rounds: perSecond(kind),
      note: note(kind),
      ...(baseline === undefined ? {} : { baseline }),
    });
  return [
    figure('floor: TCP echo, one synced put a side', 'floor'),
    figure('durable job that spawns nothing', 'empty', floor),
    figure('durable job `true`', 'spawning', floor),
    figure('bare spawn of `true`', 'spawn'),
  ];
}
