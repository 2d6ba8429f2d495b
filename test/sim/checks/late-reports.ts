/*
 * A report is kept as late only where something else ended the attempt.
 *
 * What a worker says of an attempt arrives in the order in which it happened, so where its own word that the attempt
 * succeeded or failed is the outcome, nothing that it said before can be late, and that word, said again, is not either.
 * After a loss of power it may say that it lost the attempt all the same.
 */
import type { AttemptRecord } from '../../../cockpit/manager/job.ts';
import type { Check, Finding, LateReport } from './check.ts';

/** See the header. */
export const lateReportsCheck: Check = {
  title: 'no report is late that its worker said in time',
  judge({ history, jobs, late, world }) {
    // Numbers that were given twice: nobody can say which attempt a report is of.
    if (history.isHubRestored) return [];
    const findings: Finding[] = [];
    for (const job of jobs) {
      if (job.kind === 'group') continue;
      for (const attempt of job.attempts) {
        const id = `${job.id}.${attempt.n}`;
        const box = world.findBox(attempt.worker)?.name ?? '?';
        if (history.stains.has(box)) continue;
        const wrong = late.find((one) => one.fact.attempt === id && isInTime(attempt, one));
        if (wrong === undefined) continue;
        const message = `${id}: its ${wrong.fact.kind} is kept as late, and its worker's word is the outcome`;
        findings.push({ about: job.id, message });
      }
    }
    return findings;
  },
};

function isInTime({ worker, state }: AttemptRecord, late: LateReport): boolean {
  if (state.is !== 'finished' || late.worker !== worker) return false;
  const { outcome, at } = state.end;
  // One that came back from being given up ended by a word that came after others were late.
  if (state.replacedAt !== undefined) return false;
  if (outcome !== 'succeeded' && outcome !== 'failed') return false;
  const { fact } = late;
  return fact.kind !== 'finished' || (fact.outcome === outcome && fact.at === at);
}
