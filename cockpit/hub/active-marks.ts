/*
 * Which jobs have not ended, on the disk: a mark for each that is older than the newest few, a look at those.
 *
 * Most jobs end soon, and a mark that is set and removed again costs two rows. So `meta/marked` says up to which number
 * every job that has not ended bears its mark (`ja/N`); above it the jobs themselves say it, and are read at start. The
 * number moves on in steps, in one batch with the marks that it asks for. Invariant: planned in the order of the
 * commits, so that what is on the disk is whole after each batch. Errors: STORE_*.
 */
import { z } from 'zod';
import { ChurnSet } from '../../protocol/churn-map.ts';
import type { JobId } from '../../protocol/model.ts';
import { activeJobKey, formatKey, jobKey, markedKey, prefixRange } from '../../store/keys.ts';
import type { Kv, KvOp, KvRow } from '../../store/kv.ts';
import { readAll } from '../../store/read-all.ts';
import { findRow, isReadable, planRow, readRow } from '../../store/row-codec.ts';
import { isEnded, type JobRecord, readJobNumber } from '../manager/job.ts';
import { jobRowSchema } from '../manager/job-row.ts';
import { planMarker } from './change.ts';
import { findEndedJobs } from './ended-rows.ts';
import { activeJobsMax, jobsUnmarkedMin } from './limits.ts';

/** The shape of the row of the number up to which marks are whole. */
export const markedSchema = z.number().int().nonnegative();

/** Before this format of the store every job that had not ended was marked. */
const marksFormat = 4;

/** Plans the marks. Life cycle: as the store's memory, which it is read with. */
export class ActiveMarks {
  #through: number;
  #newest: number;
  /** Jobs whose mark is on the disk. */
  readonly #marked: ChurnSet<JobId>;
  /** Jobs above the number that have not ended and bear no mark. */
  readonly #unmarked: ChurnSet<JobId>;

  /** `newest`: the highest number of a job so far. */
  constructor(at: { readonly through: number; readonly newest: number }, held: HeldMarks) {
    this.#through = at.through;
    this.#newest = at.newest;
    this.#marked = new ChurnSet(held.marked);
    this.#unmarked = new ChurnSet(held.unmarked);
  }

  /** The changes that go with these: job → it has begun, or else ended. Commit them in the order of these calls. */
  plan(changes: ReadonlyMap<JobId, boolean>): readonly KvOp[] {
    const ops: KvOp[] = [];
    changes.forEach((isActive, id) => {
      if (isActive) this.#begin(id, ops);
      else this.#end(id, ops);
    });
    if (this.#newest - this.#through >= 2 * jobsUnmarkedMin) this.#moveOn(ops);
    return ops;
  }

  #begin(id: JobId, ops: KvOp[]): void {
    const number = readJobNumber(id);
    // One that is not new has ended once, and stands in the order of ends: only a mark tells that it goes on.
    if (number <= this.#newest) return this.#mark(id, ops);
    this.#newest = number;
    this.#unmarked.add(id);
  }

  #end(id: JobId, ops: KvOp[]): void {
    if (this.#marked.delete(id)) ops.push(planMarker(activeJobKey(id), false));
    else this.#unmarked.delete(id);
  }

  #mark(id: JobId, ops: KvOp[]): void {
    this.#marked.add(id);
    ops.push(planMarker(activeJobKey(id), true));
  }

  #moveOn(ops: KvOp[]): void {
    this.#through = this.#newest - jobsUnmarkedMin;
    const old = [...this.#unmarked].filter((id) => readJobNumber(id) <= this.#through);
    for (const id of old) {
      this.#unmarked.delete(id);
      this.#mark(id, ops);
    }
    ops.push(planRow(markedKey, this.#through));
  }
}

interface HeldMarks {
  readonly marked: readonly JobId[];
  readonly unmarked: readonly JobId[];
}

/** Up to which number marks are whole; 0 where nothing says so, and then every job is looked at. */
export async function readMarkedThrough(kv: Pick<Kv, 'get'>): Promise<number> {
  const format = (await findRow(kv, formatKey, z.number())) ?? marksFormat;
  if (format < marksFormat) return Number.MAX_SAFE_INTEGER;
  return (await findRow(kv, markedKey, markedSchema)) ?? 0;
}

/** The same of rows at hand, of which any may be damaged. */
export function findMarkedThrough(rows: readonly KvRow[]): number {
  const findNumber = (key: string) => {
    const row = rows.find((one) => one.key === key && isReadable(markedSchema, one));
    return row && readRow(markedSchema, row);
  };
  const isOlder = (findNumber(formatKey) ?? marksFormat) < marksFormat;
  return isOlder ? Number.MAX_SAFE_INTEGER : (findNumber(markedKey) ?? 0);
}

/** All jobs that have not ended, by their numbers, and the marks that they bear. */
export async function readActiveJobs(
  kv: Kv,
): Promise<{ readonly jobs: readonly JobRecord[]; readonly marks: ActiveMarks }> {
  const through = await readMarkedThrough(kv);
  const jobs = new Map<JobId, JobRecord>();
  const marked = await listMarked(kv);
  for (const id of marked) {
    const job = await findRow(kv, jobKey(id), jobRowSchema);
    if (job !== undefined) jobs.set(id, job);
  }
  const unmarked: JobId[] = [];
  let newest = through;
  for await (const row of readAbove(kv, through)) {
    newest = Number(row.key.slice('j/'.length));
    const job = await readUnlessEnded(kv, row);
    if (job === undefined || isEnded(job) || jobs.has(job.id)) continue;
    jobs.set(job.id, job);
    unmarked.push(job.id);
  }
  const sorted = [...jobs.values()].sort((a, b) => readJobNumber(a.id) - readJobNumber(b.id));
  return { jobs: sorted, marks: new ActiveMarks({ through, newest }, { marked, unmarked }) };
}

async function listMarked(kv: Kv): Promise<readonly JobId[]> {
  const range = { ...prefixRange('ja/'), countMax: activeJobsMax, order: 'ascending' } as const;
  return (await kv.range(range)).map(({ key }): JobId => `J${Number(key.slice('ja/'.length))}`);
}

/** One that cannot be read keeps no hub from starting where the order of ends says that it is over. */
async function readUnlessEnded(kv: Kv, row: KvRow): Promise<JobRecord | undefined> {
  try {
    return readRow(jobRowSchema, row);
  } catch (thrown) {
    for await (const ended of readAll(kv, prefixRange('je/'))) {
      if (findEndedJobs(ended).some((job) => jobKey(job) === row.key)) return undefined;
    }
    throw thrown;
  }
}

function readAbove(kv: Kv, through: number): AsyncGenerator<KvRow> {
  return readAll(kv, { gte: `${jobKey(`J${through}`)}\0`, lt: prefixRange('j/').lt });
}
