/*
 * Format 3 to 4: jobs and events lie in shorter rows, messages share rows, and the newest jobs bear no mark that they have
 * not ended.
 *
 * No row is changed: those of format 3 are read for ever. There every job that has not ended is marked, which is noted
 * with the number of the newest; a program of format 3 would miss those without a mark, and so must refuse the store.
 */
import { markedKey, prefixRange } from '../keys.ts';
import type { Kv, KvOp } from '../kv.ts';
import { planRow } from '../row-codec.ts';

/** Plans `meta/marked`, where there are jobs. */
export async function markOldJobs(kv: Kv): Promise<readonly KvOp[]> {
  const [last] = await kv.range({ ...prefixRange('j/'), countMax: 1, order: 'descending' });
  if (last === undefined) return [];
  return [planRow(markedKey, Number(last.key.slice('j/'.length)))];
}
