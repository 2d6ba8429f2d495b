/*
 * Who gets a job that is tried again: the same choice as at its dispatch, with today's team.
 *
 * A name given now goes before what was asked for then. Errors: WORKER_*.
 */
import { AppError } from '../../protocol/errors.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { Hub } from '../hub/hub.ts';
import type { CommandJob } from '../manager/job.ts';
import { findBest, planTargets } from '../manager/plan-dispatch.ts';

/** What was said about the choice: `on` is a worker's name; `besides` gets it only by name. */
export interface Choice {
  readonly on?: string | undefined;
  readonly besides?: PeerKey | undefined;
}

/** The worker for another attempt at this job. */
export function chooseAgain(hub: Hub, job: CommandJob, { on, besides }: Choice): PeerKey {
  const { targeting } = job;
  if (on === undefined && besides !== undefined) return chooseOther(hub, job, besides);
  const bound = targeting.on === null ? undefined : hub.workers.find(targeting.on)?.name;
  const name = on ?? bound;
  const target = {
    on: name === undefined ? [] : [name],
    need: on === undefined ? targeting.need : [],
    scope: 'one',
  } as const;
  const [worker] = planTargets(hub.desk.listCandidates(), target);
  if (worker === undefined) throw new AppError('WORKER_NO_MATCH');
  return worker.key;
}

/** Whoever else has what it needs, also where it was for that one worker. */
function chooseOther(hub: Hub, { targeting }: CommandJob, besides: PeerKey): PeerKey {
  const others = hub.desk
    .listCandidates()
    .filter(({ worker }) => worker.key !== besides && worker.revokedAt === null);
  const worker = findBest(others, targeting.need);
  if (worker !== undefined) return worker.key;
  throw new AppError('WORKER_NO_MATCH', 'No other worker has what the job needs.');
}
