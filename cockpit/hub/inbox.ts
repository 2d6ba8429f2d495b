/*
 * The inbox on the hub's side: decisions opened, told of, and closed, as parts of changes.
 *
 * A decision is opened where something happened that only the M2 can call, learns what the worker says
 * when it comes back, and is closed together with what was decided. It decides nothing. Invariant: an
 * attempt, a finding, an invite and a box each have one open decision at most.
 */
import type { JobId, PeerKey } from '../../protocol/model.ts';
import {
  type Decision,
  type DecisionAnswer,
  type FixDecision,
  isAboutJob,
  isOpen,
  type JobDecision,
  type PairingDecision,
  type SpawnDecision,
  type Statement,
} from '../manager/decision.ts';
import { splitAttemptId } from '../manager/job.ts';
import type { EventNote } from './change.ts';
import type { Scene } from './transitions.ts';

/**
 * Decisions that may wait at once. A whole fleet lost in one night fits; beyond it the loss is only in
 * the journal and in the job's own record.
 */
export const decisionsOpenMax = 10_000;

/** The same for all but losses, so that a night of refusals leaves room for what may still run. */
export const lesserOpenMax = 5000;

/** A decision that was answered; the others that it makes needless are moot. */
export interface Answered {
  readonly decision: Decision;
  readonly answer: Omit<DecisionAnswer, 'at'>;
}

type Opening<T> = T extends Decision ? Omit<T, 'id' | 'openedAt' | 'answer'> : never;

/** Asks the M2 what becomes of an attempt that came to nothing. */
export function openJobDecision(
  scene: Scene,
  what: Omit<Opening<JobDecision>, 'worker' | 'statement'>,
): void {
  const record = scene.change.jobs.get(what.job);
  const { n } = splitAttemptId(what.attempt);
  const worker = record?.kind === 'command' ? record.attempts[n - 1]?.worker : undefined;
  if (worker !== undefined) openDecision(scene, { ...what, worker });
}

/** Says that a fix did not help; where the M2 is asked about that finding already, nothing is asked again. */
export function openFixDecision(scene: Scene, what: Opening<FixDecision>): void {
  const isAsked = [...scene.state.decisions.values()].some((known) => isSameFinding(known, what));
  if (!isAsked) openDecision(scene, what);
}

/** Is the decision about this finding? */
export function isSameFinding(
  known: Decision,
  { check, subject, on }: Pick<FixDecision, 'check' | 'subject' | 'on'>,
): known is FixDecision {
  if (known.kind !== 'fix-failed') return false;
  return known.check === check && known.subject === subject && known.on === on;
}

/** Asks whether a box may come in; false where no more may wait. */
export function openPairingDecision(scene: Scene, what: Opening<PairingDecision>): boolean {
  return openDecision(scene, what);
}

/** The pairing request of this invite. */
export function findPairing({ state }: Scene, invite: PeerKey): PairingDecision | undefined {
  for (const decision of state.decisions.values()) {
    if (decision.kind === 'pairing' && decision.invite === invite) return decision;
  }
  return undefined;
}

/** Asks what becomes of a box, or of a warm pool; where that is asked already, nothing is asked again. */
export function openSpawnDecision(scene: Scene, what: Opening<SpawnDecision>): void {
  if (findSpawnDecision(scene, what) === undefined) openDecision(scene, what);
}

/** What is asked about this box, or about this provider's pool. */
export function findSpawnDecision(
  { state }: Scene,
  { provider, box }: Pick<SpawnDecision, 'provider' | 'box'>,
): SpawnDecision | undefined {
  for (const known of state.decisions.values()) {
    if (known.kind === 'spawn' && known.provider === provider && known.box === box) return known;
  }
  return undefined;
}

function openDecision(scene: Scene, what: Opening<Decision>): boolean {
  const { state, change } = scene;
  const openMax = what.kind === 'lost' ? decisionsOpenMax : lesserOpenMax;
  if (state.decisions.size >= openMax) {
    change.note({ kind: 'inbox-full', ...placeOf(what), note: what.kind });
    return false;
  }
  const id = `D${state.nextDecision}` as const;
  state.nextDecision += 1;
  const decision: Decision = { ...what, id, openedAt: change.at };
  change.keepIn(state.decisions, id, decision);
  change.putDecision(decision);
  change.note({ kind: 'decision-opened', ...placeOf(what), note: id });
  return true;
}

function placeOf(what: Opening<Decision>): Omit<EventNote, 'kind'> {
  if (!('job' in what)) return {};
  const { job, attempt, worker } = what;
  return { job, attempt, worker };
}

/** The worker of a lost attempt is back and says how it stands there. */
export function noteStatement(
  { state, change }: Scene,
  decision: JobDecision,
  statement: Statement,
): boolean {
  if (decision.statement === statement) return false;
  const next = { ...decision, statement };
  change.keepIn(state.decisions, next.id, next);
  change.putDecision(next);
  return true;
}

/** Closes what is open about a job; `answered` is the one that was decided, the others are moot. */
export function closeDecisions(scene: Scene, job: JobId, answered?: Answered): void {
  for (const decision of [...scene.state.decisions.values()]) {
    if (!isAboutJob(decision) || decision.job !== job) continue;
    const isAnswered = decision.id === answered?.decision.id;
    closeDecision(scene, {
      decision,
      answer: isAnswered ? answered.answer : { as: 'moot' },
    });
  }
}

/** Closes one decision. */
export function closeDecision({ state, change }: Scene, { decision, answer }: Answered): void {
  if (!isOpen(decision) || !state.decisions.has(decision.id)) return;
  change.dropFrom(state.decisions, decision.id);
  change.putDecision({ ...decision, answer: { ...answer, at: change.at } });
  const note = `${decision.id} ${answer.as}`;
  change.note({ kind: 'decision-closed', ...placeOf(decision), note });
}
