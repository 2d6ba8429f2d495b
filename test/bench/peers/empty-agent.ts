/*
 * An agent that spawns nothing: the product's own Agent over the real swarm with its real store and
 * logs, and a workshop in which every command has succeeded at once.
 *
 * Argument: a pairing code. Its home is $ODALLY_HOME. What a job costs here is the protocol and
 * both stores, and no process.
 */

import { Agent } from '../../../agent/agent.ts';
import { findAgentHome, readAgentConfig } from '../../../agent/home.ts';
import { pair } from '../../../agent/pair.ts';
import { openProgram } from '../../../agent/ports.ts';
import { measureLoad, probeCapabilities } from '../../../agent/work/capabilities.ts';
import type { Workshop } from '../../../agent/work/work.ts';
import { boundHeap } from '../../../protocol/heap.ts';
import { loadOrCreateIdentity } from '../../../protocol/identity.ts';
import { dialAttemptMsMax, youngHeapBytesMax } from '../../../protocol/limits.ts';
import { openAgentSwarm } from '../../../protocol/transports/swarm.ts';
import { openArtifactFiles } from '../../../store/artifact-files.ts';
import { openAuditFiles } from '../../../store/audit-files.ts';
import { planAuditPolicy } from '../../../store/home.ts';
import { openHomeDisk } from '../../../store/home-disk.ts';
import { openLogFiles } from '../../../store/log-files.ts';
import { freePolicies } from '../../agent/policy/policies-in-hand.ts';
import { notInstalled } from '../../kit/not-installed.ts';
import { unguarded } from '../../kit/unguarded.ts';

boundHeap(youngHeapBytesMax);
const program = openProgram(import.meta.url);
const { ports } = program;
const home = findAgentHome(program.env.ODALLY_HOME);
const version = '0.0.0-bench';
const noticed = (line: string) => program.say(line);

const workshop: Workshop = {
  probe: () => probeCapabilities({ path: program.env.PATH ?? '', has: [] }),
  measure: measureLoad,
  start: async ({ mark }) => ({
    process: { pid: program.pid, start: '', mark },
    exit: Promise.resolve({ usage: { exitCode: 0 }, finishedAt: ports.clock.wallMs() }),
    end: () => undefined,
  }),
  reap: async () => 0,
  openShell: () => Promise.reject(new Error('nobody asks')),
  reapShells: async () => 0,
  clearTree: async () => undefined,
  sweep: async () => undefined,
};

const { hub, addresses, rendezvous } = await pair(
  { program, home, noticed },
  program.argv[0] ?? '',
);
const config = await readAgentConfig(home);
const keyPair = await loadOrCreateIdentity(home.key, ports.random);
const swarm = await openAgentSwarm({ ports });
const route = { hubKey: hub, keyPair, addresses, rendezvous, timeoutMs: dialAttemptMsMax };
const { watermark_bytes: watermarkBytes, ballast_bytes: ballastBytes } = config.disk;
const limits = { watermarkBytes, ballastBytes };
const disk = await openHomeDisk({ ...home, limits, ports, noticed });
const agent = new Agent({
  ports,
  kv: disk.kv,
  disk: disk.guard,
  handNote: disk.handNote,
  artifacts: await openArtifactFiles(home.artifacts),
  audit: { policy: planAuditPolicy(config.keep), port: openAuditFiles(home.audit) },
  logs: await openLogFiles(home.logs, { bytesMax: config.logs.bytes_max }),
  workshop,
  guards: unguarded,
  dial: () => swarm.dial(route),
  hub,
  reachTold: () => undefined,
  host: 'empty',
  version,
  slots: config.slots ?? 1,
  policies: freePolicies,
  noticed,
  diagnose: async () => ({ findings: [], fixed: [] }),
  installed: notInstalled,
});
await agent.start();
program.onSignal(() => void agent.stop().then(() => swarm.close()));
