/*
 * Who holds which unended jobs, and which of them wait in line: what the desk's memory derives from the jobs.
 *
 * It changes no job and writes nothing. Invariant: after it was called for a job, both maps say of that job what
 * its attempts say.
 */
import { ChurnMap, ChurnSet } from '../../protocol/churn-map.ts';
import { type AttemptRecord, type CommandJob, findHeldBy, type JobRecord } from '../manager/job.ts';
import type { DeskState } from './desk-state.ts';

/** Keeps `heldBy` and `parked` true for one job: it stands under every worker that holds an unended attempt of it. */
export function indexHolders({ heldBy, parked }: DeskState, job: CommandJob): void {
  for (const { worker } of job.attempts) {
    const held = heldBy.get(worker);
    if (findHeldBy(job, worker) === undefined) held?.delete(job.id);
    else if (held !== undefined) held.set(job.id, job);
    else heldBy.set(worker, new ChurnMap([[job.id, job]]));
  }
  indexParked(parked, job);
}

/** What brings both back to what they said before `job`, which was indexed. Made only where a change may be undone. */
export function planHoldersBack(
  state: DeskState,
  { id, attempts }: CommandJob,
  before: JobRecord | undefined,
): () => void {
  return () => {
    for (const { worker } of attempts) state.heldBy.get(worker)?.delete(id);
    if (before?.kind === 'command') indexHolders(state, before);
  };
}

/** What stays in a line keeps its place there. */
function indexParked(parked: DeskState['parked'], { id, attempts }: CommandJob): void {
  for (const { worker } of attempts) {
    const line = parked.get(worker);
    const waits = attempts.some((one) => one.worker === worker && isWaiting(one));
    if (!waits) {
      if (line?.delete(id) === true && line.size === 0) parked.delete(worker);
    } else if (line !== undefined) line.add(id);
    else parked.set(worker, new ChurnSet([id]));
  }
}

function isWaiting({ isParked, state }: AttemptRecord): boolean {
  return isParked === true && state.is !== 'finished';
}
