/*
 * Rows of the hub that follow from others: which jobs have not ended, in which order the others ended, which decisions
 * wait; and the workers' rows of a hub that begins anew.
 *
 * Each is made again from the row that it follows from, and nothing else is touched. Errors: STORE_*.
 */
import type { JobId } from '../../protocol/model.ts';
import type { Random } from '../../protocol/ports.ts';
import {
  activeJobKey,
  decisionKey,
  endedJobKey,
  openDecisionKey,
  prefixRange,
} from '../../store/keys.ts';
import type { Kv, KvOp, KvRow } from '../../store/kv.ts';
import { readAll } from '../../store/read-all.ts';
import { planRow, readRow } from '../../store/row-codec.ts';
import { decisionRowSchema, isOpen } from '../manager/decision.ts';
import { isEnded, type JobRecord, readJobNumber, sumFileBytes } from '../manager/job.ts';
import { jobRowSchema } from '../manager/job-row.ts';
import { workerRowSchema } from '../manager/worker.ts';
import { readMarkedThrough } from './active-marks.ts';
import { findEndedJobs, type JobEnd, planEnded } from './ended-rows.ts';

const marked = new Uint8Array([1]);

/** The changes that make all markers say what their rows say. `now`: wall milliseconds. */
export async function planMarkers(
  kv: Pick<Kv, 'get' | 'range'>,
  now: number,
): Promise<readonly KvOp[]> {
  const wanted = new Set<string>();
  const allowed = new Set<string>();
  const through = await readMarkedThrough(kv);
  const ends = await readEnds(kv);
  const ended: KvOp[] = [];
  for await (const row of readAll(kv, prefixRange('j/'))) {
    const job = readRow(jobRowSchema, row);
    if (!isEnded(job)) {
      const isDue = readJobNumber(job.id) <= through;
      (isDue ? wanted : allowed).add(activeJobKey(job.id));
    } else if (!ends.jobs.has(job.id)) ended.push(planEnded(describeEnd(job, now, ends.keys)));
  }
  for await (const row of readAll(kv, prefixRange('d/'))) {
    const decision = readRow(decisionRowSchema, row);
    const n = Number(row.key.slice('d/'.length));
    if (isOpen(decision) && row.key === decisionKey(n)) wanted.add(openDecisionKey(n));
  }
  const ops: KvOp[] = [];
  for (const prefix of ['ja/', 'da/'] as const) {
    for await (const { key } of readAll(kv, prefixRange(prefix))) {
      if (!wanted.delete(key) && !allowed.has(key)) ops.push({ type: 'del', key });
    }
  }
  return [
    ...ops,
    ...ended,
    ...[...wanted].map((key) => ({ type: 'put', key, value: marked }) as const),
  ];
}

interface Ends {
  readonly keys: ReadonlySet<string>;
  readonly jobs: ReadonlySet<JobId>;
}

/** The jobs that have a place in the order of ends, and the keys of its rows. */
async function readEnds(kv: Pick<Kv, 'range'>): Promise<Ends> {
  const ends = { keys: new Set<string>(), jobs: new Set<JobId>() };
  for await (const row of readAll(kv, prefixRange('je/'))) {
    ends.keys.add(row.key);
    for (const job of findEndedJobs(row)) ends.jobs.add(job);
  }
  return ends;
}

/** A row of others may bear the key that it would have: its number was the highest there before it went. */
function describeEnd(job: JobRecord, now: number, taken: ReadonlySet<string>): JobEnd {
  let at = Math.min(now, findEndAt(job));
  while (taken.has(endedJobKey(at, job.id))) at -= 1;
  return { at, job: job.id, logBytes: sumFileBytes(job) };
}

/**
 * When the hub heard of it was only in the row that is gone; the worker's word stands in, never before it was queued. A
 * clock that is ahead must not count here: ends are counted in their order, so none may stand behind those to come.
 */
function findEndAt(job: JobRecord): number {
  if (job.kind === 'group') return Math.round(job.ended?.at ?? job.createdAt);
  const ends = job.attempts.map(({ state }) => (state.is === 'finished' ? state.end.at : 0));
  return Math.round(Math.max(job.createdAt, ...ends));
}

/**
 * The workers of a hub whose store is another one now: none speaks from the store that it was known by, so what each
 * holds is settled as lost when it comes, by the rule for a worker whose store was lost.
 */
export function planNewLife(rows: readonly KvRow[], random: Random): readonly KvOp[] {
  return rows.flatMap((row) => {
    if (!row.key.startsWith('w/')) return [];
    const worker = readRow(workerRowSchema, row);
    if (worker.store === null) return [];
    const store = Buffer.from(random.bytes(16)).toString('hex');
    return [planRow(row.key, { ...worker, store })];
  });
}
