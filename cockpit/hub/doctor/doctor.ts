/*
 * The hub's doctor: its checks over its own facts, and its workers' where they are asked.
 *
 * It serves the verb in the hub, and the command line where no hub runs; then only the home can be
 * judged, and only the home's fixes can be applied.
 */
import {
  type Doctor,
  type DoctorMode,
  type DoctorReport,
  type FindingName,
  runDoctor,
} from '../../../protocol/doctor.ts';
import { AppError } from '../../../protocol/errors.ts';
import { isUnixAnswered } from '../../../protocol/transports/unix.ts';
import { findStream } from '../../../store/keys.ts';
import type { HubHome } from '../../home.ts';
import { splitAttemptId } from '../../manager/job.ts';
import type { Hub } from '../hub.ts';
import type { DoctorAsk } from './ask-worker.ts';
import { type HubWorld, hubChecks } from './hub-checks.ts';
import { gatherHub, type HubFacts } from './hub-facts.ts';

/** Whom a diagnosis is of. `hub` is the one that runs in this process. */
export interface DoctorScene {
  readonly home: HubHome;
  readonly hub: Hub | undefined;
  readonly wallMs: () => number;
  readonly noticed: (line: string) => void;
}

/** Diagnoses this hub, and mends what can be mended where `mode` says so. Errors: STORE_*. */
export function diagnoseHub(
  scene: DoctorScene,
  mode: DoctorMode,
  only?: FindingName,
): Promise<DoctorReport> {
  const { home, hub, wallMs, noticed } = scene;
  const doctor: Doctor<HubFacts, HubWorld> = {
    checks: hubChecks,
    gather: () => gatherHub(home, hub, wallMs()),
    world: openWorld(hub),
    noticed,
  };
  return runDoctor(doctor, mode, only);
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

function openWorld(hub: Hub | undefined): HubWorld {
  return {
    isAnswered: isUnixAnswered,
    loseAttempt: async (attempt, reason) => {
      const { job: id, n } = splitAttemptId(attempt);
      await hub?.desk.declareLost({ id, n }, { reason, cause: 'revoked' });
    },
    archiveQuarantined: async (name) => {
      const peer = hub?.workers.findByName(name)?.key ?? name;
      await hub?.retain.archiveQuarantined(peer);
    },
    retireStream: async (name) => {
      const stream = findStream(`o/${name}`);
      if (stream !== undefined) await hub?.workers.retireStream(stream);
    },
  };
}
