/*
 * A hub with as many agents as a small company has boxes, for one bench.
 *
 * The hub is the built program. Its workers' trust is written before it starts by a hub of this
 * process, through the very call that pairing ends with; the agents are real ones, many a process.
 * Everything started here is ended by `close`.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findHubHome } from '../../cockpit/home.ts';
import { startHub } from '../../cockpit/hub/program.ts';
import { pickName } from '../../cockpit/manager/names.ts';
import { ControlClient } from '../../protocol/control-client.ts';
import { formatKey } from '../../protocol/identity.ts';
import { openSystemPorts } from '../../protocol/ports.ts';
import { dialUnix } from '../../protocol/transports/unix.ts';
import { openHomes } from '../kit/homes.ts';
import { type RunningScript, runVerb, startScript } from '../kit/processes.ts';
import { bareBox } from '../store/doctor/fake-box.ts';
import { fleetMsMax, fleetProcesses, fleetReportMs } from './limits.ts';
import { type FleetPlan, type FleetReport, makeFleetKey } from './peers/fleet-plan.ts';

const peerFile = fileURLToPath(new URL('peers/fleet-peer.ts', import.meta.url));

/** Where the hub can be found, as its agents need it. */
type Where = Pick<FleetPlan, 'hub' | 'addresses' | 'rendezvous'>;

/** The hub's process, and a connection to its control socket. */
export interface FleetHub {
  readonly pid: number;
  readonly client: ControlClient;
  /** Ends the process: as an upgrade does, or as a crash does. */
  end(manner: 'stop' | 'kill'): Promise<void>;
}

/** Hub and agents; the agents run from `startAgents` on. */
export interface Fleet extends AsyncDisposable {
  /** Where the hub keeps its copies of logs. */
  readonly hubLogs: string;
  startHub(): Promise<FleetHub>;
  startAgents(): void;
  /** The sum of the newest reports. */
  look(): FleetReport;
  /** Looks again and again until it holds. Errors: throws after a long time. */
  until(holds: (report: FleetReport) => boolean): Promise<void>;
}

/** Makes the hub's home, with `size` workers that it trusts; each job of theirs prints so much. */
export async function openFleet(size: number, printBytes = 0): Promise<Fleet> {
  const homes = openHomes();
  const env = homes.hub();
  const where = await writeTrust(env, size);
  const peers: RunningScript[] = [];
  const look = () => sumReports(peers);
  const prints = { bytes: printBytes, directory: homes.folder('logs') };
  return {
    hubLogs: join(env.WALLY_HOME ?? '', 'logs'),
    startHub: () => startHubProgram(env),
    startAgents() {
      const count = Math.ceil(size / fleetProcesses);
      for (let first = 0; first < size; first += count) {
        const who = { first, count: Math.min(count, size - first) };
        const plan: FleetPlan = { ...where, ...who, ...(printBytes > 0 ? { prints } : {}) };
        const args = [JSON.stringify(plan)];
        peers.push(startScript({ file: peerFile, args, env: {}, timeoutMs: 2 ** 30 }));
      }
    },
    look,
    async until(holds) {
      for (const start = performance.now(); !holds(look()); await sleep(fleetReportMs / 5)) {
        if (performance.now() - start < fleetMsMax) continue;
        throw new Error(`still ${JSON.stringify(look())} after ${fleetMsMax} ms`);
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(peers.map((peer) => peer.close()));
      await homes.close();
    },
  };
}

async function writeTrust(env: Readonly<Record<string, string>>, size: number): Promise<Where> {
  const ports = openSystemPorts();
  const home = findHubHome(env);
  const noticed = () => undefined;
  const plan = { home, ports, version: '0.0.0-bench', pid: process.pid, box: bareBox, noticed };
  const { hub, stop } = await startHub(plan);
  const taken = new Set<string>();
  const saved = Array.from({ length: size }, (_, n) => {
    const name = pickName(taken);
    taken.add(name);
    const worker = {
      ...{ key: formatKey(makeFleetKey(n).publicKey), name, formerNames: [] },
      ...({ kind: 'odally', host: '', pairedAt: ports.clock.wallMs() } as const),
      ...{ store: null, lastSeenAt: null, capabilities: null, revokedAt: null },
    };
    return hub.workers.save(worker, 'worker-paired', []);
  });
  await Promise.all(saved);
  const { addresses, rendezvous } = hub.door;
  await stop();
  return { hub: hub.key, addresses, rendezvous };
}

async function startHubProgram(env: Readonly<Record<string, string>>): Promise<FleetHub> {
  const up = await runVerb({ program: 'wally', args: ['up', '--json'], env });
  const { hub } = up.json<{ hub: { pid: number } }>();
  const link = await dialUnix(join(env.WALLY_HOME ?? '', 'hub.sock'));
  const client = new ControlClient(link, 'HUB_UNREACHABLE');
  return {
    pid: hub.pid,
    client,
    async end(manner) {
      if (manner === 'kill') process.kill(hub.pid, 'SIGKILL');
      else await runVerb({ program: 'wally', args: ['down'], env });
      client.close();
    },
  };
}

function sumReports(peers: readonly RunningScript[]): FleetReport {
  const reports = peers.flatMap(({ stdout }) => {
    const end = stdout.lastIndexOf('\n');
    const line = stdout.slice(stdout.lastIndexOf('\n', end - 1) + 1, end);
    return line === '' ? [] : [JSON.parse(line) as FleetReport];
  });
  const sum = (field: keyof FleetReport) =>
    reports.reduce((total, report) => total + report[field], 0);
  return {
    linkedCount: sum('linkedCount'),
    dialCount: sum('dialCount'),
    foundCount: sum('foundCount'),
  };
}
