/*
 * The agent's doctor: one diagnosis at a time, for its own command line and for the hub.
 *
 * It serves an agent that runs and a home alone.
 */
import type { DoctorReport, DoctorWish } from '../../protocol/doctor.ts';
import { runDoctor } from '../../protocol/doctor-run.ts';
import { createLane } from '../../store/lane.ts';
import { type AgentScene, openAgentRound } from './agent-round.ts';
import { agentSections } from './agent-sections.ts';
import type { Diagnose } from './answer.ts';

/** A doctor for this agent and its home. Errors of a diagnosis: STORE_*. */
export function openDoctor(scene: AgentScene, noticed: (line: string) => void): Diagnose {
  const lane = createLane();
  const { ports } = scene;
  const open = () => openAgentRound(scene);
  return (wish: DoctorWish): Promise<DoctorReport> =>
    lane.run(() => runDoctor({ sections: agentSections, open, ports, noticed }, wish));
}
