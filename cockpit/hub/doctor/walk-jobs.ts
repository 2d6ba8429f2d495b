/*
 * The newest jobs of a store, one after the other, as their rows are on the disk.
 *
 * Read a page at a time: ten thousand at once are 25 MB, which a hub would hold for as long as the walk takes. Jobs that
 * are made meanwhile are not seen, and one that is removed is left out. It changes nothing. Errors: STORE_*.
 */
import { prefixRange } from '../../../store/keys.ts';
import type { Kv } from '../../../store/kv.ts';
import { readRow } from '../../../store/row-codec.ts';
import type { JobRecord } from '../../manager/job.ts';
import { jobRowSchema } from '../../manager/job-row.ts';
import { jobsPageRows } from './limits.ts';

/** Newest first, at most so many; only those below this key, where it is given. */
export async function* walkJobs(
  kv: Kv,
  countMax: number,
  below?: string,
): AsyncGenerator<JobRecord, void> {
  let range = prefixRange('j/');
  if (below !== undefined) range = { ...range, lt: below };
  for (let left = countMax; left > 0; left -= jobsPageRows) {
    const page = { countMax: Math.min(left, jobsPageRows), order: 'descending' } as const;
    const rows = await kv.range({ ...range, ...page });
    for (const row of rows) yield readRow(jobRowSchema, row);
    const oldest = rows.at(-1);
    if (oldest === undefined || rows.length < jobsPageRows) return;
    range = { ...range, lt: oldest.key };
  }
}
