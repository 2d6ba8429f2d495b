/*
 * The hub's doctor: its sections over its own facts, and its workers' where they are asked.
 *
 * It serves the verb in the hub, and the command line where no hub runs; then only the home can be
 * judged, and only the home's fixes can be applied.
 */
import type { DoctorReport, DoctorWish } from '../../../protocol/doctor.ts';
import { runDoctor } from '../../../protocol/doctor-run.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { Hub } from '../hub.ts';
import type { DoctorAsk } from './ask-worker.ts';
import { type HubScene, openHubRound } from './hub-round.ts';
import { hubSections } from './hub-sections.ts';

/** Diagnoses this hub, and mends what can be mended where it is wished. */
export function diagnoseHub(scene: HubScene, wish: DoctorWish): Promise<DoctorReport> {
  const { ports, noticed } = scene;
  const open = () => openHubRound(scene);
  return runDoctor({ sections: hubSections, open, ports, noticed }, wish);
}

/** Asks these workers for theirs, all at once; one report for each, in their order. */
export async function askWorkers(
  hub: Hub,
  names: readonly string[],
  what: DoctorAsk,
): Promise<readonly DoctorReport[]> {
  const asked = names.map((name) => {
    const worker = hub.workers.findByName(name);
    if (worker === undefined) {
      throw new AppError('WORKER_UNKNOWN', `There is no worker named "${name}".`);
    }
    const session = hub.session(worker.key)?.session;
    return { ...worker, send: session?.sendFrame.bind(session) ?? (() => 'closed' as const) };
  });
  return Promise.all(asked.map((worker) => hub.doctorLine.ask(worker, what)));
}

/** Several reports as one, in their order. */
export function joinReports(reports: readonly DoctorReport[]): DoctorReport {
  return {
    findings: reports.flatMap(({ findings }) => findings),
    fixed: reports.flatMap(({ fixed }) => fixed),
  };
}
