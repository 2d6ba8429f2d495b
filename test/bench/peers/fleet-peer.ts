/*
 * Many agents in one process: the product's own Agent a time, over the real swarm, each with its own
 * key and store, and a workshop in which every command has succeeded at once, or as soon as what it
 * prints was taken.
 *
 * Argument: a `FleetPlan` as JSON. Stores and empty logs are in memory, because what is measured is
 * the hub; one UDP socket serves all. Prints one `FleetReport` a line, until it is ended.
 */

import { join } from 'node:path';
import { Agent } from '../../../agent/agent.ts';
import { openProgram } from '../../../agent/ports.ts';
import { measureLoad, probeCapabilities } from '../../../agent/work/capabilities.ts';
import type { TakeOutput, Workshop } from '../../../agent/work/work.ts';
import type { KeyPair } from '../../../protocol/identity.ts';
import { dialAttemptMsMax, logChunkBytesMax } from '../../../protocol/limits.ts';
import { openAgentSwarm } from '../../../protocol/transports/swarm.ts';
import { MemoryArchive } from '../../../store/archive-memory.ts';
import { instantArtifactDisk, openMemoryArtifacts } from '../../../store/artifact-memory.ts';
import { soundDisk } from '../../../store/disk-guard.ts';
import { openMemoryHandNote } from '../../../store/hand-note.ts';
import type { LogStore } from '../../../store/log.ts';
import { openLogFiles } from '../../../store/log-files.ts';
import { instantLogDisk, openMemoryLogs } from '../../../store/log-memory.ts';
import { instantDisk, openMemoryKv } from '../../../store/memory.ts';
import { freePolicies } from '../../agent/policy/policies-in-hand.ts';
import { notInstalled } from '../../kit/not-installed.ts';
import { unguarded } from '../../kit/unguarded.ts';
import { fleetReportMs } from '../limits.ts';
import { type FleetPlan, type FleetReport, makeFleetKey } from './fleet-plan.ts';

await runFleet(JSON.parse(process.argv[2] ?? '') as FleetPlan);

async function runFleet(plan: FleetPlan): Promise<void> {
  const program = openProgram(import.meta.url);
  const { ports } = program;
  const workshop = await openWorkshop(program, plan);
  const swarm = await openAgentSwarm({ ports });
  let [dialCount, foundCount] = [0, 0];
  const { hub: hubKey, addresses, rendezvous } = plan;
  const where = { hubKey, addresses, rendezvous, timeoutMs: dialAttemptMsMax };
  const dialAs = (keyPair: KeyPair) => async () => {
    dialCount += 1;
    const link = await swarm.dial({ ...where, keyPair });
    foundCount += 1;
    return link;
  };
  const agents: Agent[] = [];
  for (let n = plan.first; n < plan.first + plan.count; n += 1) {
    const agent = new Agent({
      ports,
      kv: await openMemoryKv(instantDisk()),
      logs: await openLogs(plan, n),
      artifacts: await openMemoryArtifacts(instantArtifactDisk()),
      audit: openAudit(),
      workshop,
      guards: unguarded,
      dial: dialAs(makeFleetKey(n)),
      hub: plan.hub,
      host: `box-${n}`,
      version: '0.0.0-bench',
      slots: 1,
      policies: freePolicies,
      disk: soundDisk,
      handNote: openMemoryHandNote(),
      reachTold: () => undefined,
      noticed: () => undefined,
      diagnose: async () => ({ findings: [], fixed: [] }),
      installed: notInstalled,
    });
    await agent.start();
    agents.push(agent);
  }
  const bench = process.ppid;
  setInterval(() => {
    // Nobody reads us any more, and a lost pipe alone would not end this process.
    if (process.ppid !== bench) process.exit();
    const linkedCount = agents.filter((agent) => agent.status.link === 'linked').length;
    console.log(JSON.stringify({ linkedCount, dialCount, foundCount } satisfies FleetReport));
  }, fleetReportMs);
}

function openAudit() {
  return { policy: { keepMs: 1e12, bytesMax: 1e12 }, port: new MemoryArchive() };
}

function openLogs({ prints }: FleetPlan, n: number): Promise<LogStore> {
  if (prints === undefined) return openMemoryLogs(instantLogDisk(), { bytesMax: 65_536 });
  return openLogFiles(join(prints.directory, String(n)), { bytesMax: 2 * prints.bytes });
}

/** Prints as fast as it is taken. */
async function print(take: TakeOutput, bytes: number): Promise<void> {
  const chunk = new Uint8Array(logChunkBytesMax).fill(120);
  for (let left = bytes; left > 0; left -= chunk.length) {
    await take('stdout', chunk.subarray(0, left));
  }
}

/** Work that prints what the plan says and ends; no process is started. */
async function openWorkshop(
  { ports, env, pid }: ReturnType<typeof openProgram>,
  plan: FleetPlan,
): Promise<Workshop> {
  const capabilities = await probeCapabilities({ path: env.PATH ?? '', has: [] });
  return {
    probe: async () => capabilities,
    measure: measureLoad,
    start: async ({ mark }, take) => ({
      process: { pid: pid, start: '', mark },
      exit: print(take, plan.prints?.bytes ?? 0).then(() => ({
        ...{ usage: { exitCode: 0 }, finishedAt: ports.clock.wallMs() },
      })),
      end: () => undefined,
    }),
    reap: async () => 0,
    openShell: () => Promise.reject(new Error('nobody asks')),
    reapShells: async () => 0,
    clearTree: async () => undefined,
    sweep: async () => undefined,
  };
}
