/*
 * An agent's home for the checks of agents: a real store, real files and processes, and programs on a PATH of its own.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LiveAgent } from '../../../agent/doctor/agent-round.ts';
import { openDoctor } from '../../../agent/doctor/doctor.ts';
import { type AgentHome, findAgentHome, savePairing } from '../../../agent/home.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { soundDisk } from '../../../store/disk-guard.ts';
import { openBox } from '../../../store/doctor/box.ts';
import { openStore } from '../../../store/format.ts';
import type { Kv } from '../../../store/kv.ts';
import { openLevelKv } from '../../../store/open.ts';
import type { Patient } from '../../kit/doctor-trial.ts';
import { noService } from '../../kit/no-service.ts';
import { createDirectory } from '../../store/place.ts';

/** What a test may break. */
export interface AgentPatient extends Patient {
  readonly home: AgentHome;
  readonly storeId: string;
  /** The store, which is open while the agent runs. */
  readonly kv: Kv;
  /** What the agent that runs says; undefined where none does. */
  live: LiveAgent | undefined;
  /** The agent ends; its store is closed. */
  stop(): Promise<void>;
  /** Puts a program on its PATH: the lines of a shell script. */
  addProgram(name: string, script: string): Promise<void>;
  readonly startCount: number;
}

/** Linked as usual, with a trail that is kept. */
export const soundLink: Pick<LiveAgent, 'way' | 'hasRandomNat' | 'trail'> = {
  way: { carrier: 'swarm', isUnanswered: false, unopened: [] },
  hasRandomNat: false,
  trail: { failure: null, look: async () => undefined, resting: (read) => read() },
};

/** The hub that it is paired with. */
export const pairedHub = 'ab'.repeat(32);

/** A sound one, whose agent runs and holds nothing. */
export async function openAgentPatient(): Promise<AgentPatient> {
  const { path, remove } = await createDirectory();
  await chmod(path, 0o700);
  const home = findAgentHome(path);
  const ports = openSystemPorts();
  const kv = await openLevelKv(home.store);
  const { storeId } = await openStore(kv, ports.random);
  await savePairing(home, { hub: pairedHub, name: 'alice', addresses: [], rendezvous: [] }, 1);
  const bin = join(path, 'bin');
  await mkdir(bin);
  const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: path };
  const live: LiveAgent = {
    ...{ kv, health: soundDisk.health, storeId, held: [], trouble: null },
    guard: { is: 'none', leaseCount: 0, pid: null },
    ...soundLink,
  };
  let startCount = 0;
  const patient: AgentPatient = {
    ...{ home, storeId, kv, live },
    get startCount() {
      return startCount;
    },
    stop: async () => {
      patient.live = undefined;
      await kv.close();
    },
    addProgram: (name: string, script: string) =>
      writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 }),
    diagnose: openDoctor(
      {
        ...{ home, ports, box: openBox(env), live: () => patient.live },
        isSilent: false,
        service: noService,
        start: async () => {
          startCount += 1;
          // As the agent would: it owns the store from now on.
          const own = await openLevelKv(home.store);
          patient.live = { ...live, kv: own };
        },
      },
      () => undefined,
    ),
    close: async () => {
      await patient.live?.kv.close();
      await kv.close();
      await remove();
    },
  };
  return patient;
}
