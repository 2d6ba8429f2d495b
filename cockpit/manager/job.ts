/*
 * The job record, and the pure questions asked of it.
 *
 * A job holds its attempts; its receipts and outcome are those of the latest one, and a group's are
 * derived from its parts. Records are immutable values; the desk keeps, changes and commits them.
 * Invariant: a job has at most one attempt that has not ended, and it is the last.
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
}

/** A command job. */
export interface CommandJob {
  readonly kind: 'command';
  readonly id: JobId;
  readonly title: string;
  readonly createdAt: number;
  readonly parent: JobId | null;
  readonly spec: CommandSpec;
  readonly targeting: Targeting;
  readonly attempts: readonly AttemptRecord[];
}

/** A job that is the sum of its parts: what `--all` makes. */
export interface GroupJob {
  readonly kind: 'group';
  readonly id: JobId;
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
  const [job = '', n = ''] = attempt.split('.');
  return { job: job as JobId, n: Number(n) };
}

/** The attempt that counts. A command job always has one. */
export function getLastAttempt(job: CommandJob): AttemptRecord {
  const last = job.attempts.at(-1);
  if (last === undefined) throw new Error(`invariant broken: ${job.id} has an attempt`);
  return last;
}

/** How the job ended; undefined while it has not. */
export function findEnd(job: CommandJob): AttemptEnd | undefined {
  const { state } = getLastAttempt(job);
  return state.is === 'finished' ? state.end : undefined;
}

/** Has it ended? */
export function isEnded(job: JobRecord): boolean {
  return job.kind === 'group' ? job.ended !== undefined : findEnd(job) !== undefined;
}

/** The job with its last attempt replaced. */
export function replaceLastAttempt(job: CommandJob, attempt: AttemptRecord): CommandJob {
  return { ...job, attempts: [...job.attempts.slice(0, -1), attempt] };
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
