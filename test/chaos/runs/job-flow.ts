/*
 * Many jobs through a hub that comes and goes: so many in flight at once until all have ended.
 *
 * A job is dispatched under its key until an id comes back, so an answer that was cut off is asked
 * for again. Outcomes are heard from the hub's feed, and what may have been missed while the hub was
 * away is asked for. Invariant: a job has one id for the whole run, whoever answered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRow, WatchItem } from '../../../cockpit/verbs/shapes.ts';
import type { Voice } from '../field/voice.ts';
import type { ProofJob } from './proof-job.ts';

/** What to send, and how. */
export interface FlowPlan {
  readonly voice: Voice;
  readonly jobs: readonly ProofJob[];
  readonly inFlightMax: number;
  /** Given with every dispatch. */
  readonly args?: Readonly<Record<string, unknown>>;
  /** No outcome for so long means that the run has come to a stand. */
  readonly standMsMax: number;
}

/** A job with how it ended. */
export interface EndedJob {
  readonly job: ProofJob;
  readonly row: JobRow;
  /** From before its dispatch to its outcome, as the asker saw it. */
  readonly tookMs: number;
}

interface InFlight {
  readonly job: ProofJob;
  readonly since: number;
  id: string | undefined;
}

/** What may have been missed is asked for this often. */
const lookMs = 3000;

/** Sends all jobs; `run` resolves when each has an outcome. */
export class JobFlow {
  readonly #plan: FlowPlan;
  readonly #inFlight = new Map<string, InFlight>();
  readonly #byId = new Map<string, InFlight>();
  readonly #ended = new Map<string, EndedJob>();
  /** Ids that a key was answered with at different times: there may be only one. */
  readonly twins: string[] = [];
  #progressAt = performance.now();
  #wake: () => void = () => undefined;

  constructor(plan: FlowPlan) {
    this.#plan = plan;
  }

  get endedCount(): number {
    return this.#ended.size;
  }

  /** Errors: throws when nothing ends for `standMsMax`. */
  async run(): Promise<readonly EndedJob[]> {
    const stopWatching = this.#plan.voice.watch((item) => this.#hear(item));
    try {
      return await this.#sendAll();
    } finally {
      stopWatching();
    }
  }

  async #sendAll(): Promise<readonly EndedJob[]> {
    const { jobs, inFlightMax } = this.#plan;
    const faults: unknown[] = [];
    const waiting = [...jobs];
    let lookedAt = performance.now();
    this.#progressAt = performance.now();
    while (this.#ended.size < jobs.length) {
      const [fault] = faults;
      if (fault !== undefined) throw fault;
      while (this.#inFlight.size < inFlightMax) {
        const job = waiting.shift();
        if (job === undefined) break;
        this.#dispatch(job).catch((thrown) => faults.push(thrown));
      }
      if (performance.now() - lookedAt > lookMs) {
        lookedAt = performance.now();
        await this.#lookAll();
      }
      this.#assertMoving();
      await this.#untilNews();
    }
    return [...this.#ended.values()];
  }

  async #dispatch(job: ProofJob): Promise<void> {
    const entry: InFlight = { job, since: performance.now(), id: undefined };
    this.#inFlight.set(job.key, entry);
    const { leaseSeconds } = job;
    const policy = leaseSeconds === undefined ? {} : { 'stop-after': `${leaseSeconds}s` };
    const args = { ...this.#plan.args, ...policy, command: [job.command], key: job.key };
    const row = await this.#plan.voice.ask<JobRow>('dispatch', args);
    entry.id = row.id;
    this.#byId.set(row.id, entry);
    this.#settle(row);
  }

  async #lookAll(): Promise<void> {
    const known = [...this.#inFlight.values()].filter(({ id }) => id !== undefined);
    const late = known.filter(({ since }) => performance.now() - since > lookMs);
    await Promise.all(
      late.map(async ({ id }) =>
        this.#settle(await this.#plan.voice.ask<JobRow>('job', { job: id })),
      ),
    );
  }

  #hear(item: WatchItem): void {
    const rows = item.type === 'jobs' ? item.jobs : item.type === 'job' ? [item.job] : [];
    for (const row of rows) this.#settle(row);
  }

  #settle(row: JobRow): void {
    const entry = this.#byId.get(row.id);
    if (entry === undefined || row.outcome === null) return;
    const { job, since } = entry;
    if (this.#ended.has(job.key)) return;
    this.#inFlight.delete(job.key);
    this.#ended.set(job.key, { job, row, tookMs: performance.now() - since });
    this.#progressAt = performance.now();
    this.#wake();
  }

  #assertMoving(): void {
    const { standMsMax } = this.#plan;
    if (performance.now() - this.#progressAt < standMsMax) return;
    const stuck = [...this.#inFlight.values()].slice(0, 5).map(({ job, id }) => `${job.key}=${id}`);
    const rest = `${this.#inFlight.size} in flight, first ${stuck.join(' ')}`;
    throw new Error(`nothing ended for ${standMsMax / 1000} s: ${rest}`);
  }

  async #untilNews(): Promise<void> {
    const news = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([news, sleep(250)]);
  }
}
