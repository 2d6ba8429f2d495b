/*
 * The inbox on the hub's side: decisions opened, told of, and closed, as parts of changes.
 *
 * A decision is opened where something was lost that only the M2 can call, learns what the worker says
 * when it comes back, and is closed together with what was decided. It decides nothing. Invariant: an
 * attempt has one open decision at most.
 */
import type { AttemptId, JobId } from '../../protocol/model.ts';
import { type Decision, type DecisionAnswer, isOpen, type Statement } from '../manager/decision.ts';
import { splitAttemptId } from '../manager/job.ts';
import type { Scene } from './transitions.ts';

/**
 * Decisions that may wait at once. A whole fleet lost in one night fits; beyond it the loss is only in
 * the journal and in the job's own record.
 */
export const decisionsOpenMax = 10_000;

/** Asks the M2 what becomes of a lost attempt. */
export function openLossDecision(
  { state, change }: Scene,
  loss: { readonly job: JobId; readonly attempt: AttemptId; readonly reason: string },
): void {
  const { job, attempt, reason } = loss;
  const { n } = splitAttemptId(attempt);
  const record = change.jobs.get(job);
  const worker = record?.kind === 'command' ? record.attempts[n - 1]?.worker : undefined;
  if (worker === undefined) return;
  if (state.decisions.size >= decisionsOpenMax) {
    change.note({ kind: 'inbox-full', job, attempt, worker });
    return;
  }
  const id = `D${state.nextDecision}` as const;
  state.nextDecision += 1;
  const decision: Decision = {
    id,
    kind: 'lost',
    job,
    attempt,
    worker,
    openedAt: change.at,
    reason,
  };
  change.keepIn(state.decisions, id, decision);
  change.putDecision(decision);
  change.note({ kind: 'decision-opened', job, attempt, worker, note: id });
}

/** The worker of a lost attempt is back and says how it stands there. */
export function noteStatement(
  { state, change }: Scene,
  decision: Decision,
  statement: Statement,
): boolean {
  if (decision.statement === statement) return false;
  const next = { ...decision, statement };
  change.keepIn(state.decisions, next.id, next);
  change.putDecision(next);
  return true;
}

/** Closes what is open about a job; `answered` is the one that was decided, the others are moot. */
export function closeDecisions(
  { state, change }: Scene,
  job: JobId,
  answered?: { readonly decision: Decision; readonly answer: Omit<DecisionAnswer, 'at'> },
): void {
  for (const decision of state.decisions.values()) {
    if (decision.job !== job || !isOpen(decision)) continue;
    const isAnswered = decision.id === answered?.decision.id;
    const answer = { ...(isAnswered ? answered.answer : { as: 'moot' as const }), at: change.at };
    const { id, attempt, worker } = decision;
    change.dropFrom(state.decisions, id);
    change.putDecision({ ...decision, answer });
    change.note({ kind: 'decision-closed', job, attempt, worker, note: `${id} ${answer.as}` });
  }
}
