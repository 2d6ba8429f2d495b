/*
 * What of a box's work would be lost with the box. Pure.
 *
 * Whoever lets a box go asks this and nothing else: work that has not ended, work that is lost and may still
 * run there, what ended work still owes, and what the worker itself says that it does. Another kind of owed thing is another entry of `WorkFact`.
 */
import type { AttemptId } from '../../protocol/model.ts';
import type { HubAttemptState } from './attempt-machine.ts';

/** One attempt of a worker, as far as the hub knows. */
export interface WorkFact {
  readonly attempt: AttemptId;
  readonly state: HubAttemptState['is'];
  /** It was given up, and its worker has not said since how it stands there. */
  readonly isAdrift: boolean;
  /** Its worker said that it keeps a checkout, because of what is in it. */
  readonly holdsTree?: boolean;
  /** Bytes of its log that are still on the box only. */
  readonly logBytesOwed: number;
  /** Its files that are still on the box only. */
  readonly filesOwed: number;
  /** What its worker itself says that it owes of it, in its word. */
  readonly told?: string;
}

/** Work that would be lost, and what of it. */
export interface Unlanded {
  readonly attempt: AttemptId;
  readonly why: string;
}

/** Would something of it be lost? Then what; else undefined. */
export function findUnlanded(fact: WorkFact): string | undefined {
  const { state, isAdrift, holdsTree, logBytesOwed, filesOwed, told } = fact;
  if (isAdrift) return 'it is lost, and may still run there';
  if (state === 'started') return 'it runs';
  if (state !== 'finished') return 'it waits there';
  if (holdsTree === true) return 'its checkout holds work that is nowhere else';
  if (filesOwed > 0)
    return filesOwed === 1 ? 'a file is not here yet' : `${filesOwed} files are not here yet`;
  if (logBytesOwed > 0) return `${logBytesOwed} bytes of its log are not here yet`;
  return told === undefined ? undefined : `its worker says: ${told}`;
}

/** All that would be lost, each attempt once. */
export function listUnlanded(facts: readonly WorkFact[]): readonly Unlanded[] {
  const reasons = new Map<AttemptId, string>();
  for (const fact of facts) {
    const why = findUnlanded(fact);
    if (why !== undefined && !reasons.has(fact.attempt)) reasons.set(fact.attempt, why);
  }
  return [...reasons].map(([attempt, why]) => ({ attempt, why }));
}

/** Would anything be lost? */
export function isUnlanded(facts: readonly WorkFact[]): boolean {
  return listUnlanded(facts).length > 0;
}

/** In words: `J5.1 (it runs), J7.1 (a file is not here yet)`. */
export function describeUnlanded(unlanded: readonly Unlanded[]): string {
  return unlanded.map(({ attempt, why }) => `${attempt} (${why})`).join(', ');
}
