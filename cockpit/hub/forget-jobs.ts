/*
 * Forgetting jobs and their logs, from the oldest end on.
 *
 * It walks the index of ended jobs, which holds every ended job once for each of its ends, many in a row; one that goes
 * is taken out of its row. How many there are, and how many bytes of logs, is counted once at start and kept up from then
 * on; nothing is scanned twice. For a job: exported with its late reports, its logs and files discarded, then all its rows
 * in one batch. Invariant: a job that anybody may change is not touched (`HubDesk.claim`).
 */
import { z } from 'zod';
import type { AttemptId, JobId } from '../../protocol/model.ts';
import {
  dispatchKey,
  jobKey,
  lateReportPrefix,
  metaKey,
  prefixRange,
  readEndedJobKey,
  readEndedPlace,
} from '../../store/keys.ts';
import type { KvOp, KvRow } from '../../store/kv.ts';
import { findRow, planRow } from '../../store/row-codec.ts';
import { isAboutJob } from '../manager/decision.ts';
import { formatAttemptId, type JobRecord } from '../manager/job.ts';
import { type EndedRow, judgeJob, judgeLogs, type KeptCounts } from '../manager/plan-retention.ts';
import { type EndedJob, planWithout, readEndedRow } from './ended-rows.ts';
import type { ForgetCopies } from './forget-copies.ts';
import { describeLate } from './forget-late.ts';
import { keepBatchRows, keepRowsPerLook, lateReportsMax } from './keep-limits.ts';
import { nextJobKey } from './next-job.ts';
import type { RetainParts } from './retain.ts';

const keptKey = metaKey('kept');
const keptSchema = z.object({ logsThrough: z.string() });

/** One in the order of ends, and all that its row on the disk holds. */
interface Standing extends EndedJob {
  readonly shared: readonly EndedJob[];
}

type IndexRow = EndedRow & Omit<Standing, 'job'>;

interface Unit {
  readonly row: IndexRow;
  readonly jobs: readonly JobRecord[];
}

interface Pass {
  readonly now: number;
  readonly isStopped: () => boolean;
}

/** Life cycle: it lives as long as its loop; one look at a time. */
export class ForgetJobs {
  readonly #parts: RetainParts;
  readonly #copies: ForgetCopies;
  /** The first place of the index that may still be taken. */
  #from = prefixRange('je/').gte;
  /** Up to this place logs are gone. */
  #logsThrough = '';
  /** Up to this row the index is counted. */
  #countedThrough = '';
  #jobs = 0;
  #logBytes = 0;
  #isOpen = false;

  constructor(parts: RetainParts, copies: ForgetCopies) {
    this.#parts = parts;
    this.#copies = copies;
  }

  /** Did the log of the job at this place go by its age? */
  hasForgottenLog(place: string): boolean {
    return place <= this.#logsThrough;
  }

  get logsForgottenAt(): number {
    return this.#logsThrough === '' ? 0 : readEndedJobKey(this.#logsThrough).at;
  }

  get #counts(): KeptCounts {
    return { jobs: this.#jobs, logBytes: this.#logBytes };
  }

  /** One look; false when it left something to do. Errors: STORE_*. */
  async look(now: number, isStopped: () => boolean): Promise<boolean> {
    if (!this.#isOpen) {
      this.#logsThrough = (await findRow(this.#parts.kv, keptKey, keptSchema))?.logsThrough ?? '';
      this.#isOpen = true;
    }
    const pass = { now, isStopped };
    await this.#count(isStopped);
    const isLogsDone = await this.#forgetLogs(pass);
    const isJobsDone = await this.#forgetJobs(pass);
    return isLogsDone && isJobsDone;
  }

  /** Counts what came since the last look; all of it, in pages, at the first. */
  async #count(isStopped: () => boolean): Promise<void> {
    const { lt } = prefixRange('je/');
    while (!isStopped()) {
      const gte = this.#countedThrough === '' ? this.#from : `${this.#countedThrough}\0`;
      const range = { gte, lt, countMax: keepRowsPerLook, order: 'ascending' } as const;
      const rows = await this.#parts.kv.range(range);
      for (const { place, logBytes } of rows.flatMap(readEndedRow)) {
        this.#jobs += 1;
        if (place > this.#logsThrough) this.#logBytes += logBytes;
      }
      const last = rows.at(-1);
      if (last === undefined) return;
      this.#countedThrough = last.key;
    }
  }

  /** Goes on where the last look ended; what a look passes by goes with its job. */
  async #forgetLogs({ now, isStopped }: Pass): Promise<boolean> {
    const { policy, kv } = this.#parts;
    for (let left = keepRowsPerLook; left > 0; left -= keepBatchRows) {
      const rows = await this.#readIndex(this.#logsThrough === '' ? '' : `${this.#logsThrough}\0`);
      const before = this.#logsThrough;
      for (const row of rows) {
        const verdict = judgeLogs(row, { policy, now, counts: this.#counts });
        if (verdict === 'stop' || isStopped()) break;
        if (verdict === 'forget' && row.job !== undefined) await this.#discardLogs(row.job, now);
        // Together, for the next may fail: what is counted off is behind us.
        this.#logsThrough = row.place;
        this.#logBytes -= row.logBytes;
      }
      const through = this.#logsThrough;
      const isOver = through !== rows.at(-1)?.place || rows.length < keepBatchRows;
      if (through !== before) {
        await kv.batch([planRow(keptKey, { logsThrough: through })], 'buffered');
      }
      if (isOver || isStopped()) return true;
    }
    return false;
  }

  async #forgetJobs({ now, isStopped }: Pass): Promise<boolean> {
    const { policy, state } = this.#parts;
    const lost = [...state.decisions.values()].filter(({ kind }) => kind === 'lost');
    const asked = new Set(lost.filter(isAboutJob).map(({ job }) => job));
    let from = this.#from;
    let hasStayed = false;
    for (let room = keepRowsPerLook; room > 0; room -= keepBatchRows) {
      const rows = await this.#readIndex(from);
      const chosen: IndexRow[] = [];
      let gone = this.#from;
      let isOver = rows.length < keepBatchRows;
      let counts = this.#counts;
      for (const row of rows) {
        const verdict = judgeJob(row, { policy, now, counts, asked });
        isOver ||= verdict === 'stop';
        if (verdict === 'stop' || isStopped()) break;
        hasStayed ||= verdict === 'stay';
        from = `${row.place}\0`;
        if (verdict === 'stay') continue;
        chosen.push(verdict === 'forget' ? row : { ...row, job: undefined });
        counts = { ...counts, jobs: counts.jobs - 1 };
        if (!hasStayed) gone = from;
      }
      // What is in other hands right now is looked at again, and all of it where this fails.
      const left = await this.#forget(chosen, now);
      this.#from = left !== undefined && left < gone ? left : gone;
      if (isOver || isStopped()) return true;
    }
    return false;
  }

  /** At most `keepBatchRows` from this place on; fewer where there are no more. */
  async #readIndex(from: string): Promise<readonly IndexRow[]> {
    const { kv, desk } = this.#parts;
    const { gte, lt } = prefixRange('je/');
    // The row in which the place lies may be behind it, and holds one at least.
    const range = { lt, countMax: keepBatchRows + 1, order: 'ascending' } as const;
    const rows = await kv.range({ ...range, gte: from > gte ? readEndedPlace(from) : gte });
    return Promise.all(
      takeFrom(rows, from).map(async ({ job: id, ...end }) => {
        const job = await desk.find(id);
        const parent = job?.kind === 'command' ? job.parent : null;
        const group = parent === null ? undefined : await desk.find(parent);
        return { ...end, job, group };
      }),
    );
  }

  /** Rows without a job only leave the index. Resolves with the first row that had to stay. */
  async #forget(rows: readonly IndexRow[], now: number): Promise<string | undefined> {
    const { desk } = this.#parts;
    const units = await Promise.all(
      rows.map(async (row) => ({ row, jobs: await this.#listUnit(row.job) })),
    );
    const claimed = units.filter(({ jobs }) => desk.claim(jobs.map(({ id }) => id)));
    try {
      await this.#remove(claimed, now);
    } finally {
      for (const { jobs } of claimed) desk.release(jobs.map(({ id }) => id));
    }
    return units.find((unit) => !claimed.includes(unit))?.row.place;
  }

  async #remove(units: readonly Unit[], now: number): Promise<void> {
    const { kv, state, archive, inbox } = this.#parts;
    const jobs = units.flatMap((unit) => unit.jobs);
    const rows = units.map(({ row }) => row);
    if (rows.length === 0) return;
    const late = (await Promise.all(jobs.map(({ id }) => this.#readLate(id)))).flat();
    const ops: KvOp[] = [...planRemoval(rows), ...late.map(({ key }) => planDelete(key))];
    // Each of these is written with a batch of its own; what is exported below has to wait for this one's.
    for (const job of jobs) await this.#archiveLogs(job, now);
    if (jobs.length > 0) {
      // The number of the newest must not be given again once its row is gone.
      ops.push(...jobs.flatMap(planForget), planRow(nextJobKey, state.nextJob));
      ops.push(await archive.export(await this.#describe(jobs, late), now));
    }
    for (const job of jobs) await this.#discard(job);
    // Before the jobs: a question about nothing could not be answered.
    await inbox.closeForgotten(jobs.map(({ id }) => id));
    await kv.batch(ops, 'buffered');
    this.#jobs -= rows.length;
    this.#logBytes -= sumBytes(rows.filter(({ place }) => place > this.#logsThrough));
    // What was under way when the first went may have begun another.
    for (const job of jobs) await this.#discard(job);
  }

  /** A group goes with all its parts. */
  async #listUnit(job: JobRecord | undefined): Promise<readonly JobRecord[]> {
    if (job === undefined) return [];
    if (job.kind !== 'group') return [job];
    const parts = await Promise.all(job.children.map((id) => this.#parts.desk.find(id)));
    return [job, ...parts.filter((part) => part !== undefined)];
  }

  async #describe(jobs: readonly JobRecord[], late: readonly KvRow[]): Promise<readonly unknown[]> {
    const described = await Promise.all(
      jobs.map(async (job) => ({ type: 'job', ...(await this.#parts.describe(job)) })),
    );
    return [...described, ...late.map(describeLate)];
  }

  async #readLate(job: JobId): Promise<readonly KvRow[]> {
    const range = { ...prefixRange(lateReportPrefix(job)), countMax: lateReportsMax } as const;
    return this.#parts.kv.range({ ...range, order: 'ascending' });
  }

  async #discardLogs(job: JobRecord, now: number): Promise<void> {
    await this.#archiveLogs(job, now);
    await this.#discard(job);
  }

  async #discard(job: JobRecord): Promise<void> {
    for (const attempt of listAttempts(job)) await this.#copies.discard(attempt);
  }

  async #archiveLogs(job: JobRecord, now: number): Promise<void> {
    // One that is archived whole and then not removed, because the hub was killed, is there twice.
    for (const attempt of listAttempts(job)) await this.#copies.archive(attempt, now);
  }
}

/** At most `keepBatchRows` of the places in these rows, from this one on. */
function takeFrom(rows: readonly KvRow[], from: string): readonly Standing[] {
  const taken: Standing[] = [];
  for (const row of rows) {
    if (taken.length >= keepBatchRows) break;
    const shared = readEndedRow(row);
    for (const end of shared) if (end.place >= from) taken.push({ ...end, shared });
  }
  return taken.slice(0, keepBatchRows);
}

/** Takes these out of the index. */
function planRemoval(rows: readonly IndexRow[]): readonly KvOp[] {
  const going = new Set(rows.map(({ place }) => place));
  const keys = new Map(rows.map(({ place, shared }) => [readEndedPlace(place), shared]));
  return [...keys].map(([key, shared]) =>
    planWithout(key, shared, ({ place }) => going.has(place)),
  );
}

function planForget(job: JobRecord): readonly KvOp[] {
  const key = job.key === undefined ? [] : [planDelete(dispatchKey(job.key))];
  return [planDelete(jobKey(job.id)), ...key];
}

function planDelete(key: string): KvOp {
  return { type: 'del', key };
}

function listAttempts(job: JobRecord): readonly AttemptId[] {
  return job.kind === 'group' ? [] : job.attempts.map(({ n }) => formatAttemptId(job.id, n));
}

function sumBytes(rows: readonly IndexRow[]): number {
  return rows.reduce((sum, { logBytes }) => sum + logBytes, 0);
}
