/*
 * The durable job without its doors: dispatched at the desk of a hub that runs in this process,
 * delivered over the real swarm, done at once by an agent of another process.
 *
 * Hub and agent are the product's own, with their real stores, logs and journal; only the control
 * socket in front and the processes behind are left out. A job counts when the feed tells its
 * outcome, which is after the outcome is on the hub's disk.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findHubHome } from '../../cockpit/home.ts';
import type { Hub } from '../../cockpit/hub/hub.ts';
import { startHub } from '../../cockpit/hub/program.ts';
import { findEnd, type JobRecord } from '../../cockpit/manager/job.ts';
import { lostAfterMsDefault } from '../../protocol/limits.ts';
import { openSystemPorts } from '../../protocol/ports.ts';
import { openHomes } from '../kit/homes.ts';
import { startScript } from '../kit/processes.ts';
import { emptySlots } from './limits.ts';
import { writeConfig } from './team.ts';

const emptyAgent = fileURLToPath(new URL('peers/empty-agent.ts', import.meta.url));

/** A hub in this process, one agent in another, linked. */
export interface Core extends AsyncDisposable {
  /** One job there and back. */
  run(): Promise<void>;
}

/** Starts both. */
export async function openCore(): Promise<Core> {
  const homes = openHomes();
  const noticed = () => undefined;
  const { hub, stop } = await startHub({
    home: findHubHome(homes.hub()),
    ports: openSystemPorts(),
    version: '0.0.0-bench',
    pid: process.pid,
    noticed,
  });
  const { addresses, rendezvous } = hub.door;
  const { code } = await hub.invites.create({ addresses, rendezvous }, 60_000);
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
  while (find() === undefined) await sleep(20);
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
  const lostAfterMs = lostAfterMsDefault;
  const spec = { command: ['true'], env: {}, isIdempotent: false, lostAfterMs };
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
