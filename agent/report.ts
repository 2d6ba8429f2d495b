/*
 * What an attempt says to the hub, by where it stands.
 *
 * It makes messages and sends none. Invariant: a report that is made is one that its schema takes.
 */
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
export function cutReason(reason: string): string {
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

/** The part of a report that names files, where there is one. */
export function describeArtifacts(
  source: ReportSource,
  attempt: AttemptId,
): { readonly artifacts?: ArtifactsReport } {
  const artifacts = source.artifacts(attempt);
  return artifacts === undefined ? {} : { artifacts };
}
