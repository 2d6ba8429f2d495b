/*
 * The loop that forgets: what is over its age or count is exported, then removed, a little at a time.
 *
 * A look a minute, with a bound on what each may do; where more is to be done the next one comes soon.
 * What is removed is on the disk of the archive before its rows go. It never ends the hub: what fails is
 * noted, shown by doctor, and tried again. Policy is `manager/plan-retention`, rows are `forget-*`.
 */

import { wrapError } from '../../protocol/errors.ts';
import type { AttemptId, PeerKey, ReceiptTimes } from '../../protocol/model.ts';
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import type { Archive } from '../../store/archive.ts';
import { KeptClock } from '../../store/kept-clock.ts';
import type { Kv } from '../../store/kv.ts';
import type { LogStore } from '../../store/log.ts';
import type { JobRecord } from '../manager/job.ts';
import type { KeepPolicy } from '../manager/plan-retention.ts';
import type { DecisionDesk } from './decision-desk.ts';
import type { HubDesk } from './desk.ts';
import type { DeskState } from './desk-state.ts';
import { ForgetCopies } from './forget-copies.ts';
import { ForgetEvents } from './forget-events.ts';
import { ForgetJobs } from './forget-jobs.ts';
import { ForgetLate } from './forget-late.ts';

/** Between two looks; ages are days. */
export const keepLookMs = 60_000;

/** Where a look left something to do, and at the start of a hub, which has other things to do first. */
export const keepSoonMs = 1000;

/** What the loop needs. */
export interface RetainParts {
  readonly kv: Kv;
  readonly desk: HubDesk;
  readonly inbox: DecisionDesk;
  /** The desk's memory, to look at. */
  readonly state: Pick<DeskState, 'decisions' | 'nextEvent' | 'nextJob'>;
  readonly logs: LogStore;
  readonly archive: Archive;
  readonly policy: KeepPolicy;
  readonly ports: Ports;
  /** The job as it is archived. */
  readonly describe: (job: JobRecord) => Promise<object>;
  /** Removes everything that is kept of this attempt outside the store. */
  readonly discard: (attempt: AttemptId) => Promise<void>;
  readonly noticed: (line: string) => void;
}

/** How forgetting goes. */
export interface RetainStatus {
  /** Why the last look failed, or what it could not remove; null where it did all. */
  readonly failure: string | null;
  /** Monotonic instant since when every look has left something to do; null where none is left. */
  readonly behindSince: number | null;
}

/** Life cycle: `start`, `stop`; both safe to repeat. */
export class Retain {
  readonly #parts: RetainParts;
  readonly #copies: ForgetCopies;
  readonly #jobs: ForgetJobs;
  readonly #late: ForgetLate;
  readonly #events: ForgetEvents;
  readonly #clock: KeptClock;
  #status: RetainStatus = { failure: null, behindSince: null };
  #looking: Promise<void> | undefined;
  #cancelTimer: CancelTimer | undefined;
  #isStopped = false;
  #isOpen = false;

  constructor(parts: RetainParts) {
    this.#parts = parts;
    this.#copies = new ForgetCopies(parts);
    this.#jobs = new ForgetJobs(parts, this.#copies);
    this.#late = new ForgetLate(parts);
    this.#events = new ForgetEvents(parts);
    this.#clock = new KeptClock({ ...parts, ...parts.ports, name: 'keep-clock' });
  }

  get status(): RetainStatus {
    return this.#status;
  }

  /** Logs of jobs that ended up to here, wall milliseconds, are not kept any more. */
  get logsForgottenAt(): number {
    return this.#jobs.logsForgottenAt;
  }

  /** Is the log of the job at this place in the order of ends not kept any more? */
  hasForgottenLog(place: string): boolean {
    return this.#jobs.hasForgottenLog(place);
  }

  /**
   * Are the log and files of an attempt with these receipts over their time? It may have run for long, so its end counts
   * too, by its worker's word; the hub's own is only in the order of ends.
   */
  hasForgotten({ queuedAt, finishedAt = queuedAt }: ReceiptTimes): boolean {
    return Math.max(queuedAt, finishedAt) <= this.logsForgottenAt;
  }

  start(): void {
    if (this.#cancelTimer === undefined) this.#plan(keepSoonMs);
  }

  /** Resolves once a look that is under way has come to its next batch. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    await this.#looking;
  }

  /** Moves all messages of a peer that could not be read into the archive. Errors: STORE_*. */
  async archiveQuarantined(peer: PeerKey): Promise<void> {
    const { ports } = this.#parts;
    // One writer of the archive at a time; another may have been quicker to wait for the same one.
    while (this.#looking !== undefined) await this.#looking;
    const now = Math.round(ports.clock.wallMs());
    const moving = this.#events.forgetQuarantined(now, peer);
    this.#looking = moving
      .catch(() => undefined)
      .finally(() => {
        this.#looking = undefined;
      });
    await moving;
  }

  /** One look; resolves when it is over. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  #plan(delayMs: number): void {
    if (this.#isStopped) return;
    this.#cancelTimer = this.#parts.ports.timers.after(delayMs, () => {
      void this.look().then(() =>
        this.#plan(this.#status.behindSince === null ? keepLookMs : keepSoonMs),
      );
    });
  }

  async #look(): Promise<void> {
    const { clock } = this.#parts.ports;
    try {
      const isDone = await this.#lookAtAll();
      const since = this.#status.behindSince ?? clock.monotonicMs();
      this.#setStatus({ failure: this.#copies.failure, behindSince: isDone ? null : since });
    } catch (thrown) {
      const failure = wrapError(thrown, 'STORE_IO').message;
      this.#setStatus({ failure, behindSince: null });
    }
  }

  /** False when something was left to do. */
  async #lookAtAll(): Promise<boolean> {
    const isStopped = () => this.#isStopped;
    if (!this.#isOpen) await this.#copies.open();
    this.#isOpen = true;
    const now = await this.#clock.read();
    await this.#copies.retry(now);
    const isJobsDone = await this.#jobs.look(now, isStopped);
    const isLateDone = await this.#late.look(now);
    const isEventsDone = await this.#events.look(now, isStopped);
    return isJobsDone && isLateDone && isEventsDone;
  }

  #setStatus(status: RetainStatus): void {
    const { failure } = status;
    if (failure !== null && failure !== this.#status.failure && !this.#isStopped) {
      this.#parts.noticed(`what is old could not be removed: ${failure}`);
    }
    this.#status = status;
  }
}
