/*
 * What the hub lacks of an agent's work: what would be lost if the agent went now. Pure.
 *
 * The desk holds an attempt until the hub has its report, its log and its artifacts, so whatever it holds
 * is owed; this only says which part.
 */
import type { Owed } from '../protocol/box-frames.ts';
import type { AttemptId } from '../protocol/model.ts';
import type { HeldAttempt } from './attempts.ts';

/** What is asked of the desk's attempts. */
export interface OwedParts {
  readonly held: readonly HeldAttempt[];
  /** The hub has all reports up to here. */
  readonly acked: number;
  readonly owesArtifacts: (attempt: AttemptId) => boolean;
}

/** A row for each attempt that is held, oldest first. */
export function listOwed({ held, acked, owesArtifacts }: OwedParts): readonly Owed[] {
  return held.map(({ attempt, state, finishedSeq }) => {
    if (state.is === 'accepted') return { attempt, what: 'waiting' };
    if (state.is !== 'finished') return { attempt, what: 'running' };
    if (finishedSeq === undefined || finishedSeq > acked) return { attempt, what: 'report' };
    return { attempt, what: owesArtifacts(attempt) ? 'artifacts' : 'log' };
  });
}
