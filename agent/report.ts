/*
 * What an attempt says to the hub, by where it stands.
 *
 * It makes messages and sends none. Invariant: a report that is made is one that its schema takes.
 */
import type { AppError } from '../protocol/errors.ts';
import type { FactMessage } from '../protocol/messages.ts';
import type { ArtifactsReport, AttemptId } from '../protocol/model.ts';
import type { HeldAttempt } from './attempts.ts';

/** What a report needs besides the attempt's row. */
export interface ReportSource {
  /** Where this attempt's log ends now. */
  logEnd(attempt: AttemptId): number;
  /** What files it left, where it was to leave any. */
  artifacts(attempt: AttemptId): ArtifactsReport | undefined;
}

/** A reason longer than its schema would lose the outcome with it. */
const reasonLettersMax = 4000;

/** A reason as its schema takes it. */
function cutReason(reason: string): string {
  return reason.slice(0, reasonLettersMax);
}

/** What an attempt's present state says to the hub. */
export function describeFact(held: HeldAttempt, source: ReportSource): FactMessage {
  const { attempt, state } = held;
  if (state.is === 'running') return { kind: 'started', attempt, at: state.startedAt };
  if (state.is !== 'finished') return { kind: 'accepted', attempt, at: state.acceptedAt };
  const { at, ...ending } = state.ending;
  return {
    kind: 'finished',
    attempt,
    at,
    ...ending,
    ...(ending.reason === undefined ? {} : { reason: cutReason(ending.reason) }),
    ...(state.startedAt === undefined ? {} : { startedAt: state.startedAt }),
    logBytes: source.logEnd(attempt),
    ...describeArtifacts(source, attempt),
  };
}

/** How an attempt ended, once more as a message: all of it, for nothing may have come of what was told before. */
export function describeRepeat(held: HeldAttempt, source: ReportSource): FactMessage {
  const fact = describeFact(held, source);
  if (fact.kind !== 'finished') return fact;
  return { ...fact, acceptedAt: held.state.acceptedAt, isRepeat: true };
}

/** Why an attempt is not taken. */
export function describeRefusal(
  attempt: AttemptId,
  { code, message, at }: Pick<AppError, 'code' | 'message'> & { readonly at: number },
): FactMessage {
  const refused = { kind: 'finished', outcome: 'refused' } as const;
  return { ...refused, attempt, at, code, reason: cutReason(message), usage: {}, logBytes: 0 };
}

/** An ended attempt with the number of its report and what that says of it. */
export function noteReport(
  held: HeldAttempt,
  finishedSeq: number,
  source: ReportSource,
): HeldAttempt {
  const logBytes = source.logEnd(held.attempt);
  return { ...held, finishedSeq, logBytes, ...describeArtifacts(source, held.attempt) };
}

/** The part of a report that names files, where there is one. */
function describeArtifacts(
  source: ReportSource,
  attempt: AttemptId,
): { readonly artifacts?: ArtifactsReport } {
  const artifacts = source.artifacts(attempt);
  return artifacts === undefined ? {} : { artifacts };
}
