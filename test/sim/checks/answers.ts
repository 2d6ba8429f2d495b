/*
 * What a verb that waited said of an outcome is what is found in the end.
 *
 * Scripts go on from that answer and will not ask again.
 */
import type { JobRecord } from '../../../cockpit/manager/job.ts';
import type { Outcome } from '../../../protocol/model.ts';
import type { Check, Finding } from './check.ts';
import { isSuperseded } from './superseded.ts';

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
      const told = { n: Number(n), outcome };
      if (found === outcome || isOfElder(job, told) || isReopened(job, told)) continue;
      findings.push({ about, message: `${attempt} was told as ${outcome} and is ${found}` });
    }
    return findings;
  },
};

interface Told {
  readonly n: number;
  readonly outcome: Outcome;
}

/** It was lost, and a person started another in its place under a rule by which it may still count. */
function isReopened(job: JobRecord | undefined, { n, outcome }: Told): boolean {
  if (job?.kind !== 'command' || outcome !== 'lost') return false;
  const rule = job.spec.reconcile ?? 'keep-replacement';
  return rule !== 'keep-replacement' && job.attempts.length > n;
}

/** An elder attempt came back and settled the job; what was told is its outcome. */
function isOfElder(job: JobRecord | undefined, { n, outcome }: Told): boolean {
  if (job?.kind !== 'command') return false;
  const state = job.attempts[n - 1]?.state;
  if (state?.is !== 'finished' || !isSuperseded(state.end)) return false;
  const elders = job.attempts.slice(0, n - 1).map((elder) => elder.state);
  return elders.some((elder) => elder.is === 'finished' && elder.end.outcome === outcome);
}
