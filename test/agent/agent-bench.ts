/*
 * A whole agent over a store in memory that never reaches its hub; its session's part is played by the test.
 */
import { Agent } from '../../agent/agent.ts';
import type { Workshop } from '../../agent/work/work.ts';
import { AppError } from '../../protocol/errors.ts';
import { MemoryArchive } from '../../store/archive-memory.ts';
import { instantArtifactDisk, openMemoryArtifacts } from '../../store/artifact-memory.ts';
import { soundDisk } from '../../store/disk-guard.ts';
import { openMemoryHandNote } from '../../store/hand-note.ts';
import { instantLogDisk, openMemoryLogs } from '../../store/log-memory.ts';
import { instantDisk, openMemoryKv } from '../../store/memory.ts';
import { notInstalled } from '../kit/not-installed.ts';
import { unguarded } from '../kit/unguarded.ts';
import { FakePorts } from '../protocol/fake-ports.ts';
import { hub } from './desk-bench.ts';
import { freePolicies } from './policy/policies-in-hand.ts';

/** Starts it; `workshop` is what it does beside probing. */
export async function openAgent(workshop: Partial<Workshop> = {}) {
  const ports = new FakePorts();
  const none: Partial<Workshop> = {
    probe: async () => ({ os: 'x', arch: 'x', cpus: 1, memoryBytes: 1, has: [] }),
    sweep: async () => undefined,
  };
  const agent = new Agent({
    ports,
    kv: await openMemoryKv(instantDisk()),
    disk: soundDisk,
    handNote: openMemoryHandNote(),
    logs: await openMemoryLogs(instantLogDisk(), { bytesMax: 1e6 }),
    artifacts: await openMemoryArtifacts(instantArtifactDisk()),
    audit: { policy: { keepMs: 1e9, bytesMax: 1e9 }, port: new MemoryArchive() },
    workshop: { ...none, ...workshop } as Workshop,
    guards: unguarded,
    dial: () => Promise.reject(new AppError('LINK_LOST')),
    reachTold: () => undefined,
    ...{ hub, host: 'box', version: '1', slots: 1, policies: freePolicies },
    noticed: () => undefined,
    diagnose: async () => ({ findings: [], fixed: [] }),
    installed: notInstalled,
  });
  await agent.start();
  return { agent, ports };
}
