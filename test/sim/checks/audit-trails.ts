/*
 * The audit trail of each store is whole, and has all that came of what was asked.
 *
 * However often hub and agent were killed, each chain verifies from its first entry to its last. A job whose
 * dispatch was acknowledged stands in the hub's, and the assignment of every process in its box's: both go to the
 * disk in the batch of what they tell of. A store that was made anew or put back to a copy answers from then on.
 */
import type { Check, Evidence, Finding } from './check.ts';

/** See the header. */
export const auditTrailsCheck: Check = {
  title: 'the audit trail is whole',
  judge: (evidence) =>
    evidence.trails.flatMap(({ of, proof: { broken }, done }) => {
      const wanted = of === 'hub' ? listDispatched(evidence) : listAssigned(evidence, of);
      const missing = wanted.filter((what) => !done.has(what));
      const findings: Finding[] = missing.map((what) => ({ message: `${of} has no "${what}"` }));
      if (broken === null) return findings;
      return [{ message: `${of}: ${broken.why}, at ${broken.place}` }, ...findings];
    }),
};

function listDispatched({ history, jobs }: Evidence): readonly string[] {
  const accepted = jobs.filter(({ id }) => history.accepted.has(id));
  return accepted.map((job) => {
    const parent = job.kind === 'command' ? job.parent : null;
    return `dispatch ${parent ?? job.id}`;
  });
}

function listAssigned({ history }: Evidence, box: string): readonly string[] {
  const renewals = history.agentEnds.filter(
    (end) => end.box === box && (end.how === 'wiped' || end.how === 'restored'),
  );
  const since = renewals.at(-1)?.at ?? 0;
  return history.processes
    .filter((process) => process.box === box && process.startedAt > since)
    .map(({ attempt }) => `assign ${attempt}`);
}
