/*
 * The newest jobs, read for somebody who should not wait for a disk.
 *
 * While the store cannot be read, what has not ended is known from memory, and the rest is said to be left out.
 */
import { AppError } from '../../protocol/errors.ts';
import type { JobId } from '../../protocol/model.ts';
import { isUnsound } from '../../store/disk-guard.ts';
import { jobKey, prefixRange } from '../../store/keys.ts';
import { readRow } from '../../store/row-codec.ts';
import { type JobRecord, readJobNumber } from '../manager/job.ts';
import { jobRowSchema } from '../manager/job-row.ts';
import type { Ledger } from './ledger.ts';

/** The newest jobs, newest first; `unread` is why those that have ended are left out, where they are. */
export interface NewestJobs {
  readonly jobs: readonly JobRecord[];
  readonly unread?: AppError;
}

/** Which of them: those before this one, else all; at most so many. */
export interface NewestWish {
  readonly countMax: number;
  readonly before?: JobId | undefined;
}

/** Errors: STORE_*, but not where the store is only not sound just now. */
export async function readNewestJobs(ledger: Ledger, wish: NewestWish): Promise<NewestJobs> {
  const { active } = ledger.state;
  const { before, countMax } = wish;
  const { gte, lt } = prefixRange('j/');
  const end = before === undefined ? lt : jobKey(before);
  const range = { gte, lt: end, countMax, order: 'descending' } as const;
  const read = await ledger.readSoon(ledger.kv.range(range)).catch(keepUnsound);
  if (read instanceof AppError)
    return { jobs: pickNewest([...active.values()], wish), unread: read };
  const stored = read.map((row) => readRow(jobRowSchema, row));
  return { jobs: stored.map((job) => active.get(job.id) ?? job) };
}

/** The same of jobs in memory, in whatever order: one that was tried again is a young one there. */
export function pickNewest(
  jobs: readonly JobRecord[],
  { before, countMax }: NewestWish,
): readonly JobRecord[] {
  const end = before === undefined ? Number.POSITIVE_INFINITY : readJobNumber(before);
  const wanted = jobs.filter(({ id }) => readJobNumber(id) < end);
  const newestFirst = wanted.toSorted(
    (one, other) => readJobNumber(other.id) - readJobNumber(one.id),
  );
  return newestFirst.slice(0, countMax);
}

/** Why a read could not wait for the disk; any other failure goes on. */
function keepUnsound(thrown: unknown): AppError {
  if (thrown instanceof AppError && isUnsound(thrown)) return thrown;
  throw thrown;
}
