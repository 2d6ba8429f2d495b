/*
 * The job record, and the pure questions asked of it.
 *
 * A job holds its attempts; its receipts and outcome are those of the one that counts, and a group's are
 * derived from its parts. Records are immutable values; the desk keeps, changes and commits them.
 * Invariant: a job has one unended attempt at most, and it is the last, unless its `reconcile` rule
 * lets one that was replaced come back; the first result then ends all of them.
 */
import type {
  AttemptId,
  CommandSpec,
  JobId,
  Outcome,
  PeerKey,
  Receipt,
} from '../../protocol/model.ts';
import type { AttemptEnd, HubAttemptState } from './attempt-machine.ts';

/** Whom a job is for, as it was asked. Kept so that a retry can choose again. */
export interface Targeting {
  readonly on: PeerKey | null;
  readonly need: readonly string[];
}

/** One try: who has it and where it stands. */
export interface AttemptRecord {
  readonly n: number;
  readonly worker: PeerKey;
  readonly state: HubAttemptState;
  /** By the hub's wall clock; absent where the job has no deadline. */
  readonly expiresAt?: number;
  /** Not in its worker's stream yet: that has as much as it is given at once, and this waits its turn. */
  readonly isParked?: true;
  /** The number of its command in its worker's stream; absent before it had its turn, and in rows of older versions. */
  readonly givenSeq?: number;
}

/** A command job. */
export interface CommandJob {
  readonly kind: 'command';
  readonly id: JobId;
  /** What the asker called it, so that asking again makes no second one. */
  readonly key?: string;
  /** What the asker marked it with, `WORD` or `KEY=VALUE`; for finding it, nothing acts on them. */
  readonly labels?: readonly string[];
  readonly title: string;
  readonly createdAt: number;
  readonly parent: JobId | null;
  readonly spec: CommandSpec;
  readonly targeting: Targeting;
  readonly attempts: readonly AttemptRecord[];
  /** The attempt whose outcome is the job's, where that is not the last. */
  readonly settledBy?: number;
}

/** A job that is the sum of its parts: what `--all` makes. */
export interface GroupJob {
  readonly kind: 'group';
  readonly id: JobId;
  readonly key?: string;
  readonly labels?: readonly string[];
  readonly title: string;
  readonly createdAt: number;
  readonly spec: CommandSpec;
  readonly children: readonly JobId[];
  /** Set when the last part has ended. */
  readonly ended?: { readonly outcome: Outcome; readonly at: number };
}

/** Any job. */
export type JobRecord = CommandJob | GroupJob;

/** The number in a job's id. */
export function readJobNumber(id: JobId): number {
  return Number(id.slice(1));
}

/** `J12` and 1 → `J12.1`. */
export function formatAttemptId(job: JobId, n: number): AttemptId {
  return `${job}.${n}`;
}

/** `J12.1` → `J12` and 1. */
export function splitAttemptId(attempt: AttemptId): { readonly job: JobId; readonly n: number } {
  const dot = attempt.indexOf('.');
  return { job: attempt.slice(0, dot) as JobId, n: Number(attempt.slice(dot + 1)) };
}

/** The newest attempt. A command job always has one. */
export function getLastAttempt(job: CommandJob): AttemptRecord {
  const last = job.attempts.at(-1);
  if (last === undefined) throw new Error(`invariant broken: ${job.id} has an attempt`);
  return last;
}

/**
 * The attempt that counts: of those that have not ended the newest that was not replaced; once all
 * have ended, the one that settled the job.
 */
export function getCurrentAttempt(job: CommandJob): AttemptRecord {
  const open = job.attempts.filter(({ state }) => state.is !== 'finished');
  const heard = open.findLast(({ state }) => !isReplaced(state));
  const settled = job.settledBy === undefined ? undefined : findAttempt(job, job.settledBy);
  return heard ?? open.at(-1) ?? settled ?? getLastAttempt(job);
}

/** The attempt of this number. */
export function findAttempt(job: CommandJob, n: number): AttemptRecord | undefined {
  return job.attempts[n - 1];
}

/** The unended attempt that this worker holds, if there is one. */
export function findHeldBy(job: CommandJob, worker: PeerKey): AttemptRecord | undefined {
  return job.attempts.findLast((held) => held.worker === worker && held.state.is !== 'finished');
}

/** Was another attempt started in its place, while it may still count? */
export function isReplaced(state: HubAttemptState): boolean {
  return state.replacedAt !== undefined;
}

/** How the job ended; undefined while it has not. */
export function findEnd(job: CommandJob): AttemptEnd | undefined {
  const [first] = job.attempts;
  // Nearly every job has one attempt, and this is asked at each of its steps.
  if (job.attempts.length === 1 && first !== undefined) {
    return first.state.is === 'finished' ? first.state.end : undefined;
  }
  if (job.attempts.some(({ state }) => state.is !== 'finished')) return undefined;
  const { state } = getCurrentAttempt(job);
  return state.is === 'finished' ? state.end : undefined;
}

/** Bytes that its attempts' logs and artifacts take, as their workers said. */
export function sumFileBytes(job: JobRecord): number {
  if (job.kind === 'group') return 0;
  let sum = 0;
  for (const { state } of job.attempts) {
    if (state.is !== 'finished') continue;
    sum += state.end.logBytes ?? 0;
    for (const { bytes } of state.end.artifacts?.kept ?? []) sum += bytes;
  }
  return sum;
}

/** Has it ended? */
export function isEnded(job: JobRecord): boolean {
  return job.kind === 'group' ? job.ended !== undefined : findEnd(job) !== undefined;
}

/** The job with the attempt of the same number replaced. */
export function putAttempt(job: CommandJob, attempt: AttemptRecord): CommandJob {
  return {
    ...job,
    attempts: job.attempts.map((known) => (known.n === attempt.n ? attempt : known)),
  };
}

/** What a group's parts add up to: good only when all are; the worst word otherwise. */
export function sumOutcomes(parts: readonly Outcome[]): Outcome {
  const worstFirst: readonly Outcome[] = ['lost', 'failed', 'refused', 'expired', 'cancelled'];
  return worstFirst.find((outcome) => parts.includes(outcome)) ?? 'succeeded';
}

/** How far a group has come: as far as the part that is furthest behind. */
export function sumReceipts(parts: readonly Receipt[]): Receipt {
  const order: readonly Receipt[] = ['queued', 'sent', 'accepted', 'started'];
  return order.find((receipt) => parts.includes(receipt)) ?? 'finished';
}
