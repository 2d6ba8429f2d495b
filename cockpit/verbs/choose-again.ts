/*
 * Who gets a job that is tried again: the same choice as at its dispatch, with today's team.
 *
 * A name given now goes before what was asked for then. Errors: WORKER_*.
 */
import { AppError } from '../../protocol/errors.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { Hub } from '../hub/hub.ts';
import type { CommandJob } from '../manager/job.ts';
import { planTargets } from '../manager/plan-dispatch.ts';

/** The worker for another attempt at this job; `on` is a worker's name. */
export function chooseAgain(hub: Hub, job: CommandJob, on: string | undefined): PeerKey {
  const { targeting } = job;
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
