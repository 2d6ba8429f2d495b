/*
 * An agent with a real store and real processes, whose hub is played here: run as a process of its own, to be killed.
 *
 * `give-up HOME`: work that ignores TERM runs, then the hub speaks from another store; prints the pid and waits.
 * `start HOME`: another agent on that home, as after the kill; prints once it serves, and stops.
 */
import { Agent } from '../../../agent/agent.ts';
import { findAgentHome } from '../../../agent/home.ts';
import { openWorkshop } from '../../../agent/work/spawn.ts';
import { AppError } from '../../../protocol/errors.ts';
import { encodeMessage } from '../../../protocol/messages.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { MemoryArchive } from '../../../store/archive-memory.ts';
import { openArtifactFiles } from '../../../store/artifact-files.ts';
import { soundDisk } from '../../../store/disk-guard.ts';
import { openMemoryHandNote } from '../../../store/hand-note.ts';
import { openLogFiles } from '../../../store/log-files.ts';
import { openLevelKv } from '../../../store/open.ts';
import { notInstalled } from '../../kit/not-installed.ts';
import { unguarded } from '../../kit/unguarded.ts';
import { makeHello } from '../../protocol/raw-peer.ts';
import { hub, spec } from '../desk-bench.ts';
import { freePolicies } from '../policy/policies-in-hand.ts';

const [mode = '', directory = ''] = process.argv.slice(2);
const home = findAgentHome(directory);
const ports = openSystemPorts();
const workshop = openWorkshop({
  ...{ directory: home.work, trees: home.trees, ports, graceMs: 600_000 },
  baseEnv: { PATH: process.env.PATH },
  config: { has: [], harness: {} },
});
let tellPid: (pid: number) => void = () => undefined;
const running = new Promise<number>((resolve) => {
  tellPid = resolve;
});
const agent = new Agent({
  ports,
  kv: await openLevelKv(home.store),
  disk: soundDisk,
  handNote: openMemoryHandNote(),
  logs: await openLogFiles(home.logs, { bytesMax: 1e6 }),
  artifacts: await openArtifactFiles(home.artifacts),
  audit: { policy: { keepMs: 1e9, bytesMax: 1e9 }, port: new MemoryArchive() },
  workshop: {
    ...workshop,
    start: async (order, take) => {
      const work = await workshop.start(order, async (...output) => {
        await take(...output);
        // Its shell has set the trap by the time that it prints.
        tellPid(work.process.pid);
      });
      return work;
    },
  },
  guards: unguarded,
  dial: () => Promise.reject(new AppError('LINK_LOST')),
  reachTold: () => undefined,
  ...{ hub, host: 'box', version: '1', slots: 1, policies: freePolicies },
  noticed: () => undefined,
  diagnose: async () => ({ findings: [], fixed: [] }),
  installed: notInstalled,
});
await agent.start();
if (mode === 'start') {
  await agent.stop();
  process.stdout.write('started');
} else {
  const [older, newer] = ['c'.repeat(32), 'd'.repeat(32)] as const;
  await agent.adopt(older);
  agent.opened(makeHello({ role: 'hub' }));
  const command = ["trap '' TERM; echo ready; while :; do sleep 1000; done"];
  const message = { kind: 'assign', attempt: 'J1.1', spec: { ...spec, command }, issuedAt: 1 };
  await agent.apply(older, [{ seq: 1, bytes: encodeMessage(message as never) }]);
  const pid = await running;
  await agent.adopt(newer);
  process.stdout.write(`${JSON.stringify({ pid })}\n`);
}
