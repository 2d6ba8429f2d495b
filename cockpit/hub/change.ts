/*
 * One transition of the hub in the making: rows to write, messages to queue, changes to show.
 *
 * Everything that one event causes is collected here and goes to disk in one synced batch; only
 * after that do messages leave and screens hear of it. A change is made, filled, committed once.
 */
import { type CommandMessage, encodeMessage } from '../../protocol/messages.ts';
import type { AttemptId, JobId, PeerKey } from '../../protocol/model.ts';
import { checkEvent, type JournalEvent } from '../../store/journal.ts';
import { decisionKey, jobKey, openDecisionKey, workerKey } from '../../store/keys.ts';
import type { KvOp } from '../../store/kv.ts';
import type { PeerStreams, StreamRow } from '../../store/peer-streams.ts';
import { planRow } from '../../store/row-codec.ts';
import { type Decision, isOpen } from '../manager/decision.ts';
import { getLastAttempt, type JobRecord, sumFileBytes } from '../manager/job.ts';
import { listJob } from '../manager/job-row.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import type { JobEnd } from './ended-rows.ts';

/** What an event is about; the change numbers and times it. */
export interface EventNote {
  readonly kind: string;
  readonly job?: JobId;
  readonly attempt?: AttemptId;
  readonly worker?: PeerKey;
  readonly note?: string;
}

/** The hub's own counts, which go on from change to change. */
export interface ChangeCounters {
  readonly takeEventSeq: () => number;
}

/** What a change queues for one worker. */
export interface Queued {
  readonly streams: PeerStreams;
  readonly rows: StreamRow[];
}

/** How far a change had come; what was added after it can be undone. */
export interface ChangeMark {
  readonly opCount: number;
  readonly eventCount: number;
  readonly undoCount: number;
}

/** Collects; has no effect until its owner commits the rows and the events. */
export class Change {
  readonly at: number;
  readonly ops: KvOp[] = [];
  readonly events: JournalEvent[] = [];
  readonly queued = new Map<PeerKey, Queued>();
  readonly jobs = new Map<JobId, JobRecord>();
  readonly #markers = new Map<JobId, boolean>();
  isTeamChanged = false;
  isInboxChanged = false;
  readonly #counters: ChangeCounters;
  readonly #undos: (() => void)[] = [];
  #isMarked = false;

  constructor(at: number, counters: ChangeCounters) {
    this.at = at;
    this.#counters = counters;
  }

  /** Can it be undone? Only what was marked can, so before the first mark nothing is kept for that. */
  get isMarked(): boolean {
    return this.#isMarked;
  }

  /** What takes back a step in memory that goes with this change; run where the change is undone. */
  onUndo(run: () => void): void {
    if (this.#isMarked) this.#undos.push(run);
  }

  /** Puts a value into memory, as a part of this change. */
  keepIn<K, V>(map: Map<K, V>, key: K, value: V): void {
    const before = map.get(key);
    map.set(key, value);
    if (this.#isMarked) this.#undos.push(() => restore(map, key, before));
  }

  /** Puts a value into a set in memory, as a part of this change. */
  addTo<T>(set: Set<T>, value: T): void {
    if (set.has(value)) return;
    set.add(value);
    if (this.#isMarked) this.#undos.push(() => set.delete(value));
  }

  /** Takes one out of it. */
  takeFrom<T>(set: Set<T>, value: T): void {
    if (set.delete(value) && this.#isMarked) this.#undos.push(() => set.add(value));
  }

  /** Takes a value out of memory, as a part of this change. */
  dropFrom<K, V>(map: Map<K, V>, key: K): void {
    const before = map.get(key);
    if (map.delete(key) && this.#isMarked) this.#undos.push(() => restore(map, key, before));
  }

  mark(): ChangeMark {
    this.#isMarked = true;
    const [opCount, eventCount] = [this.ops.length, this.events.length];
    return { opCount, eventCount, undoCount: this.#undos.length };
  }

  /** Takes back all that was added since the mark, here and in memory, the last first. */
  undoTo({ opCount, eventCount, undoCount }: ChangeMark): void {
    for (const run of this.#undos.splice(undoCount).reverse()) run();
    this.events.length = eventCount;
    this.ops.length = opCount;
  }

  /** Adds what is planned elsewhere. */
  add(ops: readonly KvOp[]): void {
    for (const op of ops) this.ops.push(op);
  }

  /** Writes the job. */
  putJob(job: JobRecord): void {
    this.keepIn(this.jobs, job.id, job);
  }

  /** A job has begun, or has ended. */
  markActive(id: JobId, isActive: boolean): void {
    this.keepIn(this.#markers, id, isActive);
  }

  putWorker(worker: WorkerRecord): void {
    this.isTeamChanged = true;
    this.ops.push(planRow(workerKey(worker.key), worker));
  }

  /** Writes the decision, and keeps or removes its marker as one that waits. */
  putDecision(decision: Decision): void {
    this.isInboxChanged = true;
    const n = Number(decision.id.slice(1));
    this.ops.push(
      planRow(decisionKey(n), decision),
      planMarker(openDecisionKey(n), isOpen(decision)),
    );
  }

  note(event: EventNote): void {
    this.events.push(checkEvent({ ...event, seq: this.#counters.takeEventSeq(), at: this.at }));
  }

  /** Queues a command in the worker's stream; gives its number there. */
  send(worker: PeerKey, streams: PeerStreams, message: CommandMessage): number {
    const assigns = message.kind === 'assign' ? message.attempt : undefined;
    const row = streams.takeNext(encodeMessage(message), assigns);
    const queued = this.queued.get(worker) ?? { streams, rows: [] };
    this.queued.set(worker, queued);
    queued.rows.push(row);
    if (this.#isMarked) this.#undoSending(queued, row.seq);
    return row.seq;
  }

  #undoSending({ streams, rows }: Queued, seq: number): void {
    this.#undos.push(() => {
      rows.pop();
      streams.takeBack(seq - 1);
    });
  }

  /** Which jobs have begun, and which have ended. */
  get markers(): ReadonlyMap<JobId, boolean> {
    return this.#markers;
  }

  /** Of the messages that are queued; none of these is empty. */
  get sendingBytes(): number {
    let sum = 0;
    this.queued.forEach(({ rows }) => {
      for (const { bytes } of rows) sum += bytes.length;
    });
    return sum;
  }

  /** All rows to write but those of messages, the journal, ends and the marks; the jobs' last state only. Asked for once, at the end. */
  planOps(): KvOp[] {
    const { ops } = this;
    this.jobs.forEach((job) => {
      ops.push(planRow(jobKey(job.id), listJob(job)));
    });
    return ops;
  }

  /** The jobs that it ends, none before it was asked for; one that ends again ends anew. */
  listEnds(): readonly JobEnd[] {
    const ends: JobEnd[] = [];
    this.#markers.forEach((isActive, id) => {
      const job = this.jobs.get(id);
      if (isActive || job === undefined) return;
      const at = Math.max(this.at, findAskedAt(job));
      ends.push({ at, job: id, logBytes: sumFileBytes(job) });
    });
    return ends;
  }
}

function findAskedAt(job: JobRecord): number {
  return job.kind === 'group' ? job.createdAt : getLastAttempt(job).state.times.queuedAt;
}

const marked = new Uint8Array([1]);

/** A row that is there while something is so. */
export function planMarker(key: string, isSo: boolean): KvOp {
  return isSo ? { type: 'put', key, value: marked } : { type: 'del', key };
}

function restore<K, V>(map: Map<K, V>, key: K, before: V | undefined): void {
  if (before === undefined) map.delete(key);
  else map.set(key, before);
}
