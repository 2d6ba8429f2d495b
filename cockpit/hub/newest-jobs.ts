/*
 * The newest jobs, read for somebody who should not wait for a disk.
 *
 * While the store cannot be read, what has not ended is known from memory, and the rest is said to be left out.
 */
import { AppError } from '../../protocol/errors.ts';
import { isUnsound } from '../../store/disk-guard.ts';
import { prefixRange } from '../../store/keys.ts';
import { readRow } from '../../store/row-codec.ts';
import type { JobRecord } from '../manager/job.ts';
import { jobRowSchema } from '../manager/job-row.ts';
import type { Ledger } from './ledger.ts';

/** The newest jobs, newest first; `unread` is why those that have ended are left out, where they are. */
export interface NewestJobs {
  readonly jobs: readonly JobRecord[];
  readonly unread?: AppError;
}

/** At most so many. Errors: STORE_*, but not where the store is only not sound just now. */
export async function readNewestJobs(ledger: Ledger, countMax: number): Promise<NewestJobs> {
  const { active } = ledger.state;
  const range = { ...prefixRange('j/'), countMax, order: 'descending' } as const;
  const read = await ledger.readSoon(ledger.kv.range(range)).catch(keepUnsound);
  if (read instanceof AppError) {
    return { jobs: [...active.values()].toReversed().slice(0, countMax), unread: read };
  }
  const stored = read.map((row) => readRow(jobRowSchema, row));
  return { jobs: stored.map((job) => active.get(job.id) ?? job) };
}

/** Why a read could not wait for the disk; any other failure goes on. */
function keepUnsound(thrown: unknown): AppError {
  if (thrown instanceof AppError && isUnsound(thrown)) return thrown;
  throw thrown;
}
