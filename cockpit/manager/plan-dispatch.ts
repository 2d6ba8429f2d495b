/*
 * Who gets a job: the pure choice among the workers that there are.
 *
 * Named workers are taken at their word, even when they are away: the job waits for them. Otherwise
 * those that have what the job needs are asked, the present before the absent, the least busy first,
 * then by name, so that the same team always gives the same answer.
 * Errors: WORKER_NONE, WORKER_UNKNOWN, WORKER_REVOKED, WORKER_NO_MATCH, BOX_LEAVING.
 */
import { AppError } from '../../protocol/errors.ts';
import type { WorkerRecord } from './worker.ts';

/** A worker as the choice sees it. */
export interface Candidate {
  readonly worker: WorkerRecord;
  readonly isPresent: boolean;
  /** Attempts that it holds. */
  readonly load: number;
  /** Is its box being let go? */
  readonly isLeaving?: boolean;
}

/** Whom the M2 asked for. */
export interface DispatchTarget {
  readonly on: readonly string[];
  readonly need: readonly string[];
  /** One job for everybody who matches. */
  readonly scope: 'one' | 'all';
}

/** The workers to give it to: one, or all that match. Never empty. */
export function planTargets(
  candidates: readonly Candidate[],
  target: DispatchTarget,
): readonly WorkerRecord[] {
  const trusted = candidates.filter(
    ({ worker, isLeaving }) => worker.revokedAt === null && isLeaving !== true,
  );
  if (trusted.length === 0) throw new AppError('WORKER_NONE');
  const names = [...new Set(target.on)];
  const named = names.length > 0 ? names.map((name) => pickNamed(candidates, name)) : trusted;
  const matching = named.filter(({ worker }) => hasAll(worker, target.need));
  if (matching.length === 0) {
    const needs = target.need.join(', ');
    throw new AppError('WORKER_NO_MATCH', `No worker asked has what the job needs (${needs}).`);
  }
  const ordered = matching.toSorted(compare);
  if (target.scope === 'all' || names.length > 1) return ordered.map(({ worker }) => worker);
  return ordered.slice(0, 1).map(({ worker }) => worker);
}

/** The best of these for a job with such needs; undefined where none has them. */
export function findBest(
  candidates: readonly Candidate[],
  need: readonly string[],
): WorkerRecord | undefined {
  return candidates
    .filter(({ worker, isLeaving }) => hasAll(worker, need) && isLeaving !== true)
    .toSorted(compare)[0]?.worker;
}

function pickNamed(candidates: readonly Candidate[], name: string): Candidate {
  const found = candidates.find(({ worker }) => worker.name === name);
  if (found === undefined)
    throw new AppError('WORKER_UNKNOWN', `There is no worker named "${name}".`);
  if (found.worker.revokedAt !== null) {
    throw new AppError('WORKER_REVOKED', `${name} is no longer trusted.`);
  }
  if (found.isLeaving === true) {
    throw new AppError('BOX_LEAVING', `The box of ${name} is being let go.`);
  }
  return found;
}

function hasAll(worker: WorkerRecord, need: readonly string[]): boolean {
  const { capabilities } = worker;
  if (need.length === 0) return true;
  if (capabilities === null) return false;
  const has = new Set([...capabilities.has, capabilities.os, capabilities.arch]);
  return need.every((word) => has.has(word));
}

function compare(a: Candidate, b: Candidate): number {
  if (a.isPresent !== b.isPresent) return a.isPresent ? -1 : 1;
  if (a.load !== b.load) return a.load - b.load;
  return a.worker.name < b.worker.name ? -1 : 1;
}
