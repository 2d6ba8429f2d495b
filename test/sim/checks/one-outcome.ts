/*
 * Every accepted job ends in exactly one outcome.
 *
 * Accepted is a job whose dispatch was answered, parts of a group included. A group's outcome is
 * the sum of its parts'. Source: DESIGN section 4.
 */
import { findEnd, isEnded, type JobRecord } from '../../../cockpit/manager/job.ts';
import type { Outcome } from '../../../protocol/model.ts';
import { findStrangersJobs } from '../strangers.ts';
import type { Check, Finding } from './check.ts';

/** The sum of a group, in words of our own: the worst of its parts. */
const worst: readonly Outcome[] = [
  ...(['lost', 'failed', 'refused', 'expired', 'cancelled', 'succeeded'] as const),
];

/** See the header. */
export const oneOutcomeCheck: Check = {
  title: 'every accepted job has one outcome',
  judge({ history, jobs, world }) {
    const strangers = findStrangersJobs(world, jobs);
    const byId = new Map(jobs.map((job) => [job.id, job]));
    const findings: Finding[] = [];
    for (const id of history.accepted) {
      const job = byId.get(id);
      if (job === undefined) findings.push({ about: id, message: `${id} is gone` });
      else if (!isEnded(job) && !strangers.has(id))
        findings.push({ about: id, message: `${id} has not ended` });
    }
    for (const job of jobs) findings.push(...judgeShape(job, byId));
    return findings;
  },
};

function judgeShape(job: JobRecord, byId: ReadonlyMap<string, JobRecord>): readonly Finding[] {
  const about = job.id;
  if (job.kind === 'command') {
    if (!isEnded(job)) return [];
    const open = job.attempts.filter(({ state }) => state.is !== 'finished');
    return open.map(({ n }) => ({ about, message: `${job.id} has ended, ${job.id}.${n} has not` }));
  }
  const parts = job.children.map((id) => byId.get(id));
  const outcomes = parts.map((part) =>
    part?.kind === 'command' ? findEnd(part)?.outcome : undefined,
  );
  // A part that waits for a worker nobody knows may wait for ever, and its group with it.
  const isOpen = parts.some((part) => part !== undefined && !isEnded(part));
  const sum = isOpen ? undefined : worst.find((outcome) => outcomes.includes(outcome));
  if (job.ended?.outcome === sum) return [];
  return [{ about, message: `${job.id} is ${job.ended?.outcome}, its parts sum to ${sum}` }];
}
