/*
 * Who holds which unended jobs, and which of them wait in line: what the desk's memory derives from the jobs.
 *
 * It changes no job and writes nothing. Invariant: after it was called for a job, both maps say of that job what
 * its attempts say.
 */
import type { JobId, PeerKey } from '../../protocol/model.ts';
import type { CommandJob } from '../manager/job.ts';
import type { DeskState } from './desk-state.ts';

/** Keeps `heldBy` and `parked` true for one job: it stands under every worker that holds an unended attempt of it. */
export function indexHolders({ heldBy, parked }: DeskState, job: CommandJob): void {
  for (const { worker } of job.attempts) heldBy.get(worker)?.delete(job.id);
  for (const { worker, state } of job.attempts) {
    if (state.is === 'finished') continue;
    const held = heldBy.get(worker) ?? new Map<JobId, CommandJob>();
    heldBy.set(worker, held.set(job.id, job));
  }
  indexParked(parked, job);
}

/** What stays in a line keeps its place there. */
function indexParked(parked: DeskState['parked'], { id, attempts }: CommandJob): void {
  const waits = new Set<PeerKey>();
  for (const { worker, state, isParked } of attempts) {
    if (isParked === true && state.is !== 'finished') waits.add(worker);
  }
  for (const { worker } of attempts) {
    const line = parked.get(worker) ?? new Set<JobId>();
    if (waits.has(worker)) parked.set(worker, line.add(id));
    else if (line.delete(id) && line.size === 0) parked.delete(worker);
  }
}
