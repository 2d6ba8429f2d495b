/*
 * Format 1 to 2: ended jobs get their rows in the order of their ends, so that retention need not
 * look at every job.
 *
 * It reads of a job no more than how it ended, because the store does not know what jobs are; a row in
 * which that cannot be found is left without an index row and so never ages out. The worker's clock
 * said when it ended; the hub's own, which the key asks for, was not noted in format 1.
 */
import { z } from 'zod';
import { decodeValue } from '../../protocol/codec.ts';
import type { JobId } from '../../protocol/model.ts';
import { endedJobKey, prefixRange } from '../keys.ts';
import type { Kv, KvOp } from '../kv.ts';
import { planRow } from '../row-codec.ts';

const end = z.object({ at: z.number(), logBytes: z.number().optional() });
const times = z.object({ queuedAt: z.number() });
const attempt = z.object({ state: z.object({ times, end: end.optional() }) });
const jobSchema = z.object({
  attempts: z.array(attempt).optional(),
  ended: z.object({ at: z.number() }).optional(),
});

/** Rows that are read in one go. */
const pageRows = 1000;

/** Plans an `je/` row for each job that has ended. */
export async function indexEndedJobs(kv: Kv): Promise<readonly KvOp[]> {
  const ops: KvOp[] = [];
  let { gte, lt } = prefixRange('j/');
  for (;;) {
    const rows = await kv.range({ gte, lt, countMax: pageRows, order: 'ascending' });
    for (const { key, value } of rows) {
      const found = findEnd(value);
      if (found === undefined) continue;
      const job: JobId = `J${Number(key.slice('j/'.length))}`;
      ops.push(planRow(endedJobKey(found.at, job), { logBytes: found.logBytes }));
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageRows) return ops;
    gte = `${last.key}\0`;
  }
}

function findEnd(
  value: Uint8Array,
): { readonly at: number; readonly logBytes: number } | undefined {
  const parsed = jobSchema.safeParse(decodeValue(value));
  if (!parsed.success) return undefined;
  const { attempts = [], ended } = parsed.data;
  const last = attempts.at(-1)?.state;
  const ends = attempts.map(({ state }) => state.end);
  // A worker's clock may be behind; nothing ends before it was queued.
  const at = ended?.at ?? (last?.end && Math.max(last.end.at, last.times.queuedAt));
  if (at === undefined) return undefined;
  const logBytes = ends.reduce((sum, one) => sum + (one?.logBytes ?? 0), 0);
  return { at: Math.max(0, Math.round(at)), logBytes };
}
