/*
 * One transition of the hub in the making: rows to write, messages to queue, changes to show.
 *
 * Everything that one event causes is collected here and goes to disk in one synced batch; only
 * after that do messages leave and screens hear of it. A change is made, filled, committed once.
 */
import { type CommandMessage, encodeMessage } from '../../protocol/messages.ts';
import type { AttemptId, JobId, PeerKey } from '../../protocol/model.ts';
import { type JournalEvent, planEvent } from '../../store/journal.ts';
import { activeJobKey, decisionKey, jobKey, openDecisionKey, workerKey } from '../../store/keys.ts';
import type { KvOp } from '../../store/kv.ts';
import type { PeerStreams, StreamRow } from '../../store/peer-streams.ts';
import { planRow } from '../../store/row-codec.ts';
import { type Decision, isOpen } from '../manager/decision.ts';
import { isEnded, type JobRecord } from '../manager/job.ts';
import type { WorkerRecord } from '../manager/worker.ts';

/** What an event is about; the change numbers and times it. */
export interface EventNote {
  readonly kind: string;
  readonly job?: JobId;
  readonly attempt?: AttemptId;
  readonly worker?: PeerKey;
  readonly note?: string;
}

/** Collects; has no effect until its owner commits `ops`. */
export class Change {
  readonly at: number;
  readonly ops: KvOp[] = [];
  readonly queued = new Map<PeerKey, StreamRow[]>();
  readonly jobs = new Map<JobId, JobRecord>();
  isTeamChanged = false;
  readonly #takeEventSeq: () => number;

  constructor(at: number, takeEventSeq: () => number) {
    this.at = at;
    this.#takeEventSeq = takeEventSeq;
  }

  /** Writes the job, and keeps or removes its marker as one that has not ended. */
  putJob(job: JobRecord): void {
    this.jobs.set(job.id, job);
  }

  putWorker(worker: WorkerRecord): void {
    this.isTeamChanged = true;
    this.ops.push(planRow(workerKey(worker.key), worker));
  }

  /** Writes the decision, and keeps or removes its marker as one that waits. */
  putDecision(decision: Decision): void {
    const n = Number(decision.id.slice(1));
    this.ops.push(
      planRow(decisionKey(n), decision),
      planMarker(openDecisionKey(n), isOpen(decision)),
    );
  }

  note(event: EventNote): void {
    const numbered: JournalEvent = { ...event, seq: this.#takeEventSeq(), at: this.at };
    this.ops.push(planEvent(numbered));
  }

  /** Queues a command in the worker's stream. */
  send(worker: PeerKey, streams: PeerStreams, message: CommandMessage): void {
    const { row, op } = streams.planMessage(encodeMessage(message));
    this.ops.push(op);
    const rows = this.queued.get(worker);
    if (rows === undefined) this.queued.set(worker, [row]);
    else rows.push(row);
  }

  /** All rows to write; the jobs' last state only. */
  planOps(): readonly KvOp[] {
    const ops = [...this.ops];
    for (const job of this.jobs.values()) {
      ops.push(planRow(jobKey(job.id), job));
      ops.push(planMarker(activeJobKey(job.id), !isEnded(job)));
    }
    return ops;
  }
}

/** A marker row is there while something is so. */
function planMarker(key: string, isSo: boolean): KvOp {
  return isSo ? { type: 'put', key, value: new Uint8Array([1]) } : { type: 'del', key };
}
