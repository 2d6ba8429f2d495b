/*
 * Jobs that wait for somebody who is none of the boxes.
 *
 * A hub that was put back to a copy does not know that a code was used, so a thief who read it may come
 * in, and gets work like any other. What such a job waits for never comes, and a group waits with its
 * part; a person would revoke that worker. No hub that kept its disk has any.
 */
import type { JobRecord } from '../../cockpit/manager/job.ts';
import type { JobId } from '../../protocol/model.ts';
import type { World } from './world.ts';

/** Which of these that is. */
export function findStrangersJobs(world: World, jobs: readonly JobRecord[]): ReadonlySet<JobId> {
  if (!world.history.isHubRestored) return new Set();
  const theirs = jobs.filter(
    (job) =>
      job.kind === 'command' &&
      job.attempts.some(
        ({ state, worker }) => state.is !== 'finished' && world.findBox(worker) === undefined,
      ),
  );
  const ids = new Set(theirs.map(({ id }) => id));
  for (const job of jobs) {
    if (job.kind === 'group' && job.children.some((part) => ids.has(part))) ids.add(job.id);
  }
  return ids;
}
