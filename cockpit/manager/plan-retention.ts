/*
 * What may be forgotten, by policy, now. Pure.
 *
 * The index of ended jobs is walked from its oldest row on; each row gets one verdict. What is never
 * forgotten: a job that has not ended, a group with such a part, and a lost job that somebody must
 * still decide about.
 */
import type { JobId } from '../../protocol/model.ts';
import type { JournalEvent } from '../../store/journal.ts';
import { getLastAttempt, isEnded, type JobRecord } from './job.ts';

/** The hub's `[keep]`, as it is applied. Ages are milliseconds. */
export interface KeepPolicy {
  readonly jobsMs: number;
  readonly jobsMax: number;
  readonly logsMs: number;
  readonly logsBytesMax: number;
  readonly isLogsArchived: boolean;
  readonly journalMs: number;
  readonly journalMax: number;
}

/** How much there is now, as the loop has counted it. */
export interface KeptCounts {
  readonly jobs: number;
  readonly logBytes: number;
}

/** One row of the index with what it speaks of; `group` is the job's, where it is a part. */
export interface EndedRow {
  readonly at: number;
  readonly job: JobRecord | undefined;
  readonly group: JobRecord | undefined;
}

/**
 * `stop`: this row and all after it are young enough. `stay`: it is old enough, and may not go.
 * `drop-row`: the row says nothing any more; what it spoke of is kept or goes by another row.
 */
export type Verdict = 'stop' | 'stay' | 'drop-row' | 'forget';

/** Judges one row as to its job; `asked` are lost ones about which a decision waits for the M2. */
export function judgeJob(
  row: EndedRow,
  { policy, now, counts, asked }: JudgeParts & { readonly asked: ReadonlySet<JobId> },
): Verdict {
  const isOver = counts.jobs > policy.jobsMax;
  if (!isOver && row.at >= now - policy.jobsMs) return 'stop';
  const { job, group } = row;
  if (job === undefined || isStale(row)) return 'drop-row';
  if (group !== undefined) return isEnded(group) ? 'drop-row' : 'stay';
  const parts = job.kind === 'group' ? job.children : [];
  return [job.id, ...parts].some((id) => asked.has(id)) ? 'stay' : 'forget';
}

/** What judging needs besides the row. */
export interface JudgeParts {
  readonly policy: KeepPolicy;
  readonly now: number;
  readonly counts: KeptCounts;
}

/** Judges one row as to its logs; those of a group with an open part stay with it. */
export function judgeLogs(row: EndedRow, { policy, now, counts }: JudgeParts): Verdict {
  const isOver = counts.logBytes > policy.logsBytesMax;
  const ageMs = Math.min(policy.logsMs, policy.jobsMs);
  if (!isOver && row.at >= now - ageMs) return 'stop';
  if (row.job === undefined || isStale(row)) return 'drop-row';
  return row.group !== undefined && !isEnded(row.group) ? 'stay' : 'forget';
}

/** How many events from the oldest on may go; the newest of all never does. */
export function countOldEvents(
  events: readonly JournalEvent[],
  { policy, now, lastSeq }: Pick<JudgeParts, 'policy' | 'now'> & { readonly lastSeq: number },
): number {
  const before = now - policy.journalMs;
  const isOld = ({ seq, at }: JournalEvent) =>
    seq < lastSeq && (at < before || seq <= lastSeq - policy.journalMax);
  const kept = events.findIndex((event) => !isOld(event));
  return kept < 0 ? events.length : kept;
}

/** Has it been opened again since, so that another row speaks of its end, or will? */
function isStale({ at, job }: EndedRow): boolean {
  if (job === undefined || !isEnded(job)) return true;
  if (job.kind === 'group') return job.ended !== undefined && job.ended.at > at;
  return getLastAttempt(job).state.times.queuedAt > at;
}
