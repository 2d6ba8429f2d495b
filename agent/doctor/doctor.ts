/*
 * The agent's doctor: one diagnosis at a time, for its own command line and for the hub.
 *
 * It composes checks, facts and what fixes may touch, for an agent that runs and for a home alone.
 */
import {
  type Doctor,
  type DoctorMode,
  type DoctorReport,
  type FindingName,
  runDoctor,
} from '../../protocol/doctor.ts';
import { AppError } from '../../protocol/errors.ts';
import { isUnixAnswered } from '../../protocol/transports/unix.ts';
import { createLane } from '../../store/lane.ts';
import { forgetQuarantined } from '../forget.ts';
import { removeTemporary } from '../work/job-directory.ts';
import { killTree } from '../work/reaper.ts';
import { type AgentWorld, agentChecks } from './agent-checks.ts';
import { type AgentFacts, type AgentScene, gatherAgent, withStore } from './agent-facts.ts';
import type { Diagnose } from './answer.ts';

/** A doctor for this agent and its home. Errors of a diagnosis: STORE_*. */
export function openDoctor(scene: AgentScene, noticed: (line: string) => void): Diagnose {
  const lane = createLane();
  const { timers } = scene.ports;
  const world: AgentWorld = {
    isAnswered: isUnixAnswered,
    reap: async (mark) => {
      const leader = { pid: 0, start: '0', mark };
      await killTree({ leader, ownsGroup: false, members: [] }, timers);
    },
    archiveQuarantined: async () => {
      const { home, ports } = scene;
      const now = Math.round(ports.clock.wallMs());
      await withStore(scene, (kv) => forgetQuarantined({ home, kv, now, which: 'all' }));
    },
    removeFolder: async (path) => {
      if (await removeTemporary(path)) return;
      throw new AppError('STORE_IO', `${path} cannot be removed.`);
    },
  };
  const gather = () => gatherAgent(scene);
  const doctor: Doctor<AgentFacts, AgentWorld> = { checks: agentChecks, gather, world, noticed };
  return (mode: DoctorMode, only?: FindingName): Promise<DoctorReport> =>
    lane.run(() => runDoctor(doctor, mode, only));
}
