/*
 * What a verb that waited said of an outcome is what is found in the end.
 *
 * Scripts go on from that answer and will not ask again.
 */
import type { Check, Finding } from './check.ts';

/** See the header. */
export const answersCheck: Check = {
  title: 'an outcome that was told stands',
  judge({ history, jobs }) {
    const findings: Finding[] = [];
    for (const { attempt, outcome } of history.told) {
      const [id, n] = attempt.split('.');
      const about = id as `J${number}`;
      const job = jobs.find((known) => known.id === id);
      const state = job?.kind === 'command' ? job.attempts[Number(n) - 1]?.state : undefined;
      const found = state?.is === 'finished' ? state.end.outcome : state?.is;
      if (found === outcome) continue;
      findings.push({ about, message: `${attempt} was told as ${outcome} and is ${found}` });
    }
    return findings;
  },
};
