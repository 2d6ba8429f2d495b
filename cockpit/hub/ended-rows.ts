/*
 * The order of ends: which jobs have ended, in which order they age out, and what their logs and files take.
 *
 * What ends in one batch shares a row. Its key says when, by the hub's clock, and the highest number among its jobs; it
 * holds a list of all their numbers. Up to format 4 a row was that of one job, whose number is in the key, and one that is
 * made again still is. The *place* of a job is a key that sorts as it stands in the order, whether its row is shared or not.
 */
import { z } from 'zod';
import type { JobId } from '../../protocol/model.ts';
import { endedJobKey, endedPlace, readEndedJobKey } from '../../store/keys.ts';
import type { KvOp, KvRow } from '../../store/kv.ts';
import { planRow, readRow } from '../../store/row-codec.ts';
import { readJobNumber } from '../manager/job.ts';
import { endsPerRowMax } from './keep-limits.ts';

/** That a job has ended: `at` wall milliseconds, `logBytes` of logs and files. */
export interface JobEnd {
  readonly at: number;
  readonly job: JobId;
  readonly logBytes: number;
}

/** The same as it is read back, with where it stands in the order. */
export interface EndedJob extends JobEnd {
  readonly place: string;
}

/** As many digits as a key has for it. */
const number = z.number().int().positive().lt(1e12);
const bytes = z.number().nonnegative();

/** The shape of a `je/` row: its jobs, those without bytes by their number alone; up to format 4 the bytes of its one. */
export const endedRowSchema = z.union([
  z.array(z.union([number, z.tuple([number, bytes])])).min(1),
  z.object({ logBytes: bytes }),
]);

/** What a row says, in the order of places. Errors: STORE_DAMAGED. */
export function readEndedRow(row: KvRow): readonly EndedJob[] {
  const { at, job } = readEndedJobKey(row.key);
  const value = readRow(endedRowSchema, row);
  if (!Array.isArray(value)) return [{ place: row.key, at, job, ...value }];
  return value.map((each) => {
    const [n, logBytes] = typeof each === 'number' ? [each, 0] : each;
    const id: JobId = `J${n}`;
    return { place: endedPlace(row.key, id), at, job: id, logBytes };
  });
}

/** The jobs of a row; of one that cannot be read, the one that its key names. */
export function findEndedJobs(row: KvRow): readonly JobId[] {
  try {
    return readEndedRow(row).map(({ job }) => job);
  } catch {
    return [readEndedJobKey(row.key).job];
  }
}

/** A row of one job, as any format reads it: a store may be mended before it is migrated. */
export function planEnded({ at, job, logBytes }: JobEnd): KvOp {
  return planRow(endedJobKey(at, job), { logBytes });
}

/** What is left of a row of these ends without those that go. */
export function planWithout(
  key: string,
  ends: readonly EndedJob[],
  isGoing: (end: EndedJob) => boolean,
): KvOp {
  const staying = ends.filter((end) => !isGoing(end));
  return staying.length === 0 ? { type: 'del', key } : planShared(key, staying);
}

function planShared(key: string, ends: readonly Omit<JobEnd, 'at'>[]): KvOp {
  const entries = ends.map(({ job, logBytes }) => {
    const n = readJobNumber(job);
    return logBytes === 0 ? n : [n, logBytes];
  });
  return planRow(key, entries);
}

/**
 * Ends that wait for the batch they go in. It lives as long as its committer, which seals it. Each row stands after all
 * before it, whatever the clock says: what ends now must not stand before what is counted already.
 */
export class EndsPage {
  #last = { at: 0, number: 0 };
  #waiting: JobEnd[] = [];

  /** When the last one ended that is on the disk. */
  goOnAfter(at: number): void {
    this.#last = { at, number: Number.POSITIVE_INFINITY };
  }

  /** They are committed, with the next batch. */
  add(ends: readonly JobEnd[]): void {
    for (const end of ends) this.#waiting.push(end);
  }

  /** The rows of all that was added since the last call: one, and more where it is very much. */
  seal(): readonly KvOp[] {
    if (this.#waiting.length === 0) return [];
    // One that ended twice has one place.
    const ends = [...new Map(this.#waiting.map((end) => [end.job, end])).values()];
    this.#waiting = [];
    ends.sort((a, b) => readJobNumber(a.job) - readJobNumber(b.job));
    const latest = ends.reduce((so, { at }) => Math.max(so, at), this.#last.at);
    const ops: KvOp[] = [];
    for (let from = 0; from < ends.length; from += endsPerRowMax) {
      const some = ends.slice(from, from + endsPerRowMax);
      ops.push(planShared(this.#takeKey(latest, some.at(-1)?.job ?? 'J0'), some));
    }
    return ops;
  }

  /** A key beyond that of the row before, at this instant or the next. */
  #takeKey(latest: number, job: JobId): string {
    const number = readJobNumber(job);
    const isBeyond = latest > this.#last.at || number > this.#last.number;
    this.#last = { at: isBeyond ? latest : this.#last.at + 1, number };
    return endedJobKey(this.#last.at, job);
  }
}
