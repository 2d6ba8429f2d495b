/*
 * The desk for jobs: dispatch, cancel, retry, and what workers report.
 *
 * Unended jobs are in memory, ended ones are read from disk. Every answer is given after its batch
 * is on disk. Invariants: an outcome is written once; a report counts only under the token of the
 * attempt that has not ended, and from the worker that holds it; all else is kept as late.
 * Errors: JOB_*, WORKER_NO_MATCH, QUEUE_FULL, STORE_*.
 */
import { AppError } from '../../protocol/errors.ts';
import { outboxRowsMax } from '../../protocol/limits.ts';
import type {
  AttemptId,
  CommandSpec,
  JobId,
  KeptDirectory,
  Outcome,
  PeerKey,
} from '../../protocol/model.ts';
import { plainTaking, type Taking } from '../../store/intake.ts';
import { jobKey } from '../../store/keys.ts';
import { createLane } from '../../store/lane.ts';
import type { StreamRow } from '../../store/peer-streams.ts';
import { findRow } from '../../store/row-codec.ts';
import {
  type AttemptRecord,
  type CommandJob,
  formatAttemptId,
  type GroupJob,
  getLastAttempt,
  isEnded,
  type JobRecord,
  splitAttemptId,
} from '../manager/job.ts';
import { jobRowSchema } from '../manager/job-row.ts';
import type { Candidate } from '../manager/plan-dispatch.ts';
import type { LossCause } from '../manager/plan-loss.ts';
import { pickNames, planKey } from './dispatch-keys.ts';
import { EarlyEnds, readFacts } from './early-ends.ts';
import { type Answered, closeDecisions } from './inbox.ts';
import type { Ledger } from './ledger.ts';
import { type NewestJobs, type NewestWish, readNewestJobs } from './newest-jobs.ts';
import { noteTree } from './note-tree.ts';
import { takeOrQuarantine } from './quarantine.ts';
import { readEndedGroup, reopenGroup } from './reopen-group.ts';
import { findLateReport, takeFact } from './take-fact.ts';
import {
  asParked,
  keepJob,
  listHeldBy,
  listUnended,
  loseAttempt,
  makeAttempt,
  mayHaveLeft,
  type Place,
  parkAttempt,
  reopenAttempt,
  type Scene,
  stepAttempt,
} from './transitions.ts';

/** A job to try again. */
interface Again {
  readonly job: CommandJob;
  readonly worker: PeerKey;
  readonly answered: Answered | undefined;
  readonly group?: GroupJob | undefined;
}

const overdueInLine = 'The deadline passed while the worker had enough other work.';

/** A job to make: what to run, and who has been chosen for it. */
export interface NewJob {
  readonly title: string;
  readonly spec: CommandSpec;
  readonly need: readonly string[];
  readonly on: PeerKey | null;
  readonly workers: readonly PeerKey[];
  readonly shape: 'single' | 'group';
  /** Of the asker's choice; `DispatchKeys` sees to it that there is one job of a key. */
  readonly key?: string;
  readonly labels?: readonly string[];
  /** Called with the job right before it is committed: what is noted now goes in its batch. */
  readonly planned?: (id: JobId) => void;
}

/** Decides for all jobs of one hub. */
export class HubDesk {
  readonly #ledger: Ledger;
  /** Ends that come ahead of their workers' disks. */
  readonly early: EarlyEnds;
  readonly #retrying = new Set<JobId>();
  /** Groups are read and opened again one after the other. */
  readonly #groups = createLane();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.early = new EarlyEnds(ledger);
  }

  /** Jobs that have not ended, oldest first. */
  listActive(): readonly JobRecord[] {
    return [...this.#ledger.state.active.values()];
  }

  /** The newest jobs, newest first; only unended ones while the store cannot be read. */
  async listRecent(countMax: number): Promise<readonly JobRecord[]> {
    return (await this.listNewest({ countMax })).jobs;
  }

  /** The same, and why ended ones are left out, where they are. */
  listNewest(wish: NewestWish): Promise<NewestJobs> {
    return readNewestJobs(this.#ledger, wish);
  }

  /** Unended jobs that this worker holds. */
  listHeldBy(worker: PeerKey): readonly CommandJob[] {
    return listHeldBy(this.#ledger.state, worker);
  }

  /** Any job, from memory or from disk. */
  async find(id: JobId): Promise<JobRecord | undefined> {
    const { state, kv } = this.#ledger;
    return state.active.get(id) ?? this.#ledger.readSoon(findRow(kv, jobKey(id), jobRowSchema));
  }

  /** Like `find`. Errors: JOB_UNKNOWN. */
  async get(id: JobId): Promise<JobRecord> {
    const job = await this.find(id);
    if (job === undefined) throw new AppError('JOB_UNKNOWN', `There is no job ${id}.`);
    return job;
  }

  /** Makes one job, or a group with a part for each worker; resolves with the job to watch. */
  async dispatch(wanted: NewJob): Promise<JobRecord> {
    for (const key of wanted.workers) this.#assertRoom(key);
    const scene = this.#begin();
    const job =
      wanted.shape === 'group' ? this.#makeGroup(scene, wanted) : this.#makeSingle(scene, wanted);
    wanted.planned?.(job.id);
    if (wanted.key !== undefined) scene.change.ops.push(planKey(wanted.key, job.id));
    await this.#ledger.commit(scene.change);
    // As it was written: it may have had its turn in the line.
    return scene.change.jobs.get(job.id) ?? job;
  }

  /** Asks for the end of a job, of every part where it is a group. Errors: JOB_FINISHED. */
  async cancel(job: JobRecord): Promise<JobRecord> {
    if (isEnded(job)) throw new AppError('JOB_FINISHED', `${job.id} has already ended.`);
    const scene = this.#begin();
    const { at } = scene.change;
    for (const id of job.kind === 'group' ? job.children : [job.id]) {
      for (const attempt of listUnended(scene, id)) {
        const isOnItsWay = this.#mayBeOnItsWay(id, attempt);
        stepAttempt(scene, { id, n: attempt.n }, { type: 'cancel', at, mayHaveLeft: isOnItsWay });
      }
      scene.change.note({ kind: 'cancel-asked', job: id });
    }
    await this.#ledger.commit(scene.change);
    return this.get(job.id);
  }

  /** Every worker with what the choice among them looks at. */
  listCandidates(): readonly Candidate[] {
    return this.#ledger.listCandidates();
  }

  /** How a superseded attempt ended after all, by its worker's word. */
  findLateReport(attempt: AttemptId): Promise<Outcome | undefined> {
    return findLateReport(this.#ledger.kv, attempt);
  }

  /**
   * A new attempt at an ended job; `answered` is the decision that asked for it, closed in the same
   * batch. Errors: JOB_UNFINISHED, JOB_GROUP, QUEUE_FULL, WORKER_REVOKED, DECISION_CLOSED.
   */
  retry({ id }: JobRecord, worker: PeerKey, answered?: Answered): Promise<JobRecord> {
    return this.#alone(id, async () => {
      const job = await this.get(id);
      if (job.kind === 'group') throw new AppError('JOB_GROUP');
      if (!isEnded(job)) throw new AppError('JOB_UNFINISHED', `${job.id} has not ended yet.`);
      const again = { job, worker, answered };
      const { parent } = job;
      if (parent === null) return this.#startAgain(again);
      const { begun } = await this.#groups.run(async () => {
        const group = await readEndedGroup(this.#ledger, parent, (each) => this.find(each));
        return { begun: this.#startAgain({ ...again, group }) };
      });
      return begun;
    });
  }

  async #startAgain({ job, worker, answered, group }: Again): Promise<JobRecord> {
    const { state } = this.#ledger;
    // Either may have gone while we read.
    if (state.workers.get(worker)?.revokedAt !== null) throw new AppError('WORKER_REVOKED');
    if (answered !== undefined && !state.decisions.has(answered.decision.id)) {
      throw new AppError('DECISION_CLOSED', `${answered.decision.id} has been decided.`);
    }
    this.#assertRoom(worker);
    const scene = this.#begin();
    const n = getLastAttempt(job).n + 1;
    const { settledBy: _settledBy, ...bare } = reopenAttempt(scene, job);
    const next = { ...bare, attempts: [...bare.attempts, makeAttempt(scene, job, { n, worker })] };
    if (group !== undefined) reopenGroup(scene, group);
    keepJob(scene, next);
    parkAttempt(scene, { id: job.id, n });
    const attempt = formatAttemptId(job.id, n);
    scene.change.note({ kind: 'job-retried', job: job.id, attempt, worker });
    closeDecisions(scene, job.id, answered);
    await this.#ledger.commit(scene.change);
    return next;
  }

  /** Two at once would mint one number twice, or undo each other, so the second is refused before it reads. */
  async #alone<T>(id: JobId, run: () => Promise<T>): Promise<T> {
    if (this.#retrying.has(id)) throw new AppError('JOB_UNFINISHED', `${id} is in other hands.`);
    this.#retrying.add(id);
    try {
      return await run();
    } finally {
      this.#retrying.delete(id);
    }
  }

  /** Applies what a worker reported: one batch with the receive mark. */
  async takeFacts(
    worker: PeerKey,
    rows: readonly StreamRow[],
    { how, hold }: Taking = plainTaking,
  ): Promise<void> {
    const streams = this.#ledger.state.streams.get(worker);
    const last = rows.at(-1);
    if (streams === undefined || last === undefined) return;
    const facts = readFacts(rows);
    const finding = this.early.findKnown(worker, facts);
    const known = finding === undefined ? undefined : await finding;
    // Another store of its may have been adopted meanwhile; these are settled with the old one then.
    if (this.#ledger.state.streams.get(worker) !== streams) return;
    await hold(() => {
      const scene = this.#begin();
      for (const [index, row] of rows.entries()) {
        const report = { worker, fact: facts[index], known };
        takeOrQuarantine(scene, { worker, row, how }, () => takeFact(scene, report));
      }
      scene.change.ops.push(streams.planReceived(last.seq));
      return this.#ledger.commit(scene.change);
    });
  }

  /** What an attempt left on its worker is gone, or is something else by now. */
  noteTree({ id, n }: Place, kept: KeptDirectory | undefined): Promise<void> {
    return this.#alone(id, async () => {
      const read = await this.get(id);
      const job = this.#ledger.state.active.get(id) ?? read;
      const scene = this.#begin();
      noteTree(scene, { job, n, kept });
      await this.#ledger.commit(scene.change);
    });
  }

  /** Writes the receipts of attempts that were handed to a link and not heard of since. */
  async writeSent(): Promise<void> {
    const scene = this.#begin();
    for (const [attempt, at] of scene.state.sentAt) {
      const { job: id, n } = splitAttemptId(attempt);
      stepAttempt(scene, { id, n }, { type: 'sent', at });
    }
    await this.#ledger.commit(scene.change);
  }

  /** An attempt was unheard for too long. */
  async declareLost(
    place: Place,
    loss: { readonly reason: string; readonly cause: LossCause },
  ): Promise<void> {
    const scene = this.#begin();
    const attempt = listUnended(scene, place.id).find(({ n }) => n === place.n);
    // It is given up, and not taken out of the stream: over a link that is open or greeting it may
    // leave ahead of its cancel and be started. What may have run must not look as if it never left.
    if (attempt?.state.is === 'queued' && this.#mayBeOnItsWay(place.id, attempt)) {
      const key = formatAttemptId(place.id, place.n);
      scene.change.keepIn(scene.state.sentAt, key, scene.change.at);
    }
    loseAttempt(scene, place, loss);
    await this.#ledger.commit(scene.change);
  }

  /** The deadline of a job passed; only what never reached a worker ends here. */
  async expire(id: JobId): Promise<void> {
    const scene = this.#begin();
    const { at } = scene.change;
    for (const attempt of listUnended(scene, id)) {
      if (attempt.state.is !== 'queued') continue;
      const isOnItsWay = this.#mayBeOnItsWay(id, attempt);
      const why = attempt.isParked === true ? { reason: overdueInLine } : {};
      const event = { type: 'expired', at, mayHaveLeft: isOnItsWay, ...why } as const;
      stepAttempt(scene, { id, n: attempt.n }, event);
    }
    await this.#ledger.commit(scene.change);
  }

  /**
   * With a link, also one that is still greeting, a command may be read for sending or the worker
   * told how much is queued already; only without any link does a cancel surely go ahead of it.
   */
  #mayBeOnItsWay(id: JobId, attempt: AttemptRecord): boolean {
    if (attempt.isParked === true) return false;
    return this.#ledger.hasLink(attempt.worker) || mayHaveLeft(this.#ledger.state, id, attempt);
  }

  #makeSingle(scene: Scene, wanted: NewJob): CommandJob {
    const [worker] = wanted.workers;
    if (worker === undefined) throw new AppError('WORKER_NO_MATCH');
    return this.#makeJob(scene, wanted, { worker, parent: null });
  }

  #makeGroup(scene: Scene, wanted: NewJob): GroupJob {
    const id = this.#takeJobId();
    const children = wanted.workers.map(
      (worker) => this.#makeJob(scene, wanted, { worker, parent: id }).id,
    );
    const { title, spec } = wanted;
    const createdAt = scene.change.at;
    const group: GroupJob = {
      kind: 'group',
      id,
      ...pickNames(wanted, null),
      title,
      createdAt,
      spec,
      children,
    };
    keepJob(scene, group);
    scene.change.note({ kind: 'group-dispatched', job: id, note: `${children.length} parts` });
    return group;
  }

  #makeJob(
    scene: Scene,
    wanted: NewJob,
    place: { readonly worker: PeerKey; readonly parent: JobId | null },
  ): CommandJob {
    const { title, spec, need, on } = wanted;
    const id = this.#takeJobId();
    const attempt = makeAttempt(scene, { id, spec }, { n: 1, worker: place.worker });
    const job: CommandJob = {
      kind: 'command',
      id,
      ...pickNames(wanted, place.parent),
      title,
      createdAt: scene.change.at,
      parent: place.parent,
      spec,
      targeting: { on: place.parent === null ? on : place.worker, need },
      attempts: [asParked(scene, attempt)],
    };
    keepJob(scene, job);
    scene.change.note({ kind: 'job-dispatched', job: job.id, worker: place.worker });
    return job;
  }

  /**
   * Takes ended jobs out of everybody's hands while they are being removed; false, and nothing is taken,
   * where one of them is in use.
   */
  claim(ids: readonly JobId[]): boolean {
    const { active } = this.#ledger.state;
    if (ids.some((id) => active.has(id) || this.#retrying.has(id))) return false;
    for (const id of ids) this.#retrying.add(id);
    return true;
  }

  /** Gives back what was claimed. */
  release(ids: readonly JobId[]): void {
    for (const id of ids) this.#retrying.delete(id);
  }

  #assertRoom(worker: PeerKey): void {
    this.#ledger.assertRoom();
    const { state } = this.#ledger;
    const waiting = state.streams.get(worker)?.waitingCount ?? 0;
    const held = state.heldBy.get(worker)?.size ?? 0;
    if (Math.max(waiting, held) >= outboxRowsMax) throw new AppError('QUEUE_FULL');
  }

  #takeJobId(): JobId {
    const { state } = this.#ledger;
    const id: JobId = `J${state.nextJob}`;
    state.nextJob += 1;
    return id;
  }

  #begin(): Scene {
    return this.#ledger.open();
  }
}
