/*
 * Group commit: many small commits, few synced batches.
 *
 * While one synced batch is on its way to the disk, the commits that arrive are collected for the
 * next one, in order; a commit is never split over two batches. What may be lost (the removal of
 * what nobody needs) waits for a batch that is written anyway, and what only the loss of power may take costs no
 * sync. A store that mends itself makes a
 * commit take longer; after a batch that it refused for good nothing is acknowledged any more, and
 * the owner must begin anew from the disk. It owns no store: opening and closing is the owner's.
 */
import { AppError, wrapError } from '../protocol/errors.ts';
import type { CancelTimer, Ports } from '../protocol/ports.ts';
import { countBytes, type Kv, type KvOp } from './kv.ts';
import {
  bufferedMsMax,
  commitBytesMax,
  commitOpsMax,
  commitWaitingBytesMax,
  deferredMsMax,
  deferredOpsMax,
} from './limits.ts';

/** What a committer works on, and whom it tells of the first failure. */
export interface CommitterOptions {
  readonly kv: Kv;
  readonly ports: Pick<Ports, 'soon' | 'timers'>;
  /** Called as a batch is made up: rows that go before the ops of its commits, which may take them away. */
  readonly lead?: () => readonly KvOp[];
  /**
   * Called as a batch is made up, after the ops of its commits: rows that sum up what was committed
   * since the batch before, so that what many commits say of one thing is written once.
   */
  readonly seal?: () => readonly KvOp[];
  /** Called once, after every waiting commit was rejected. The store must be opened again. */
  readonly onFailure: (error: AppError) => void;
}

interface Waiting {
  readonly ops: readonly KvOp[];
  /** Absent where nobody waits. */
  readonly resolve?: () => void;
  readonly reject?: (error: AppError) => void;
}

/** Collects commits into synced batches. */
export class Committer {
  readonly #kv: Kv;
  readonly #ports: CommitterOptions['ports'];
  readonly #lead: () => readonly KvOp[];
  readonly #seal: () => readonly KvOp[];
  readonly #onFailure: (error: AppError) => void;
  #waiting: Waiting[] = [];
  #opsCount = 0;
  #bytes = 0;
  #deferredCount = 0;
  /** Does somebody wait, or has enough been put off? */
  #isUrgent = false;
  /** Is there what must outlive this process, and needs no sync of its own? */
  #isBuffered = false;
  /** Was that gathered for long enough? */
  #isPressing = false;
  /** Has `seal` something that no commit brings along? */
  #isSealDue = false;
  #cancelTimer: CancelTimer | undefined;
  #cancelPressing: CancelTimer | undefined;
  #failure: AppError | undefined;
  #isClosed = false;
  #running: Promise<void> | undefined;

  constructor({ kv, ports, lead = () => [], seal = () => [], onFailure }: CommitterOptions) {
    this.#kv = kv;
    this.#ports = ports;
    this.#lead = lead;
    this.#seal = seal;
    this.#onFailure = onFailure;
  }

  /**
   * Resolves once a synced batch with all of `ops` is on the disk; commits become durable in the
   * order of their calls. Errors: STORE_IO (whether it stayed is unknown until the store is opened
   * again). It is never refused for want of room: what is committed was planned already, with
   * numbers given out, so room is asked for (`hasRoom`) where new work comes in. Beyond
   * `commitWaitingBytesMax` nothing can be kept any more, and that is a failure (STORE_FULL). `bytesBeside`: of what the
   * lead or the seal writes for it.
   */
  commit(ops: readonly KvOp[], bytesBeside = 0): Promise<void> {
    const refused = this.#findRefusal();
    if (refused !== undefined) return Promise.reject(refused);
    if (this.#bytes > commitWaitingBytesMax) {
      this.#fail([], new AppError('STORE_FULL', 'Too much waits for a store that takes nothing.'));
      return Promise.reject(this.#failure);
    }
    return new Promise((resolve, reject) => {
      this.#add({ ops, resolve, reject });
      this.#bytes += bytesBeside;
      this.#isUrgent = true;
      this.#running ??= this.#run();
    });
  }

  /**
   * For changes that must outlive this process, and that a loss of power may take: they go with the next batch,
   * or in a moment with one that is not synced.
   */
  buffer(ops: readonly KvOp[]): void {
    if (this.#findRefusal() !== undefined) return;
    this.#add({ ops });
    this.#isBuffered = true;
    // Not cancelled when a batch takes them along, as below.
    this.#cancelPressing ??= this.#ports.timers.after(bufferedMsMax, () => {
      this.#cancelPressing = undefined;
      this.#press();
    });
  }

  /** Would a commit be taken? What is not must not ride on the batches of those that were. */
  get isOpen(): boolean {
    return this.#findRefusal() === undefined;
  }

  /**
   * For changes that may be lost, because losing them is only work to be done again: they go with
   * the next batch, in their place among the commits, or after a while with one of their own.
   */
  defer(ops: readonly KvOp[]): void {
    if (ops.length === 0 || this.#findRefusal() !== undefined) return;
    this.#add({ ops });
    this.#deferredCount += ops.length;
    if (this.#deferredCount >= deferredOpsMax) return this.#hurry();
    this.#hurryLater();
  }

  /** `seal` has something that nobody commits: it goes with the next batch, or after a while with one of its own. */
  expectSeal(): void {
    if (this.#findRefusal() !== undefined) return;
    this.#isSealDue = true;
    this.#hurryLater();
  }

  /** May new work come in? Not while this much waits for the disk already. */
  get hasRoom(): boolean {
    return this.#opsCount < commitOpsMax && this.#bytes < commitBytesMax;
  }

  /** Resolves when no commit waits or is under way; never rejects. */
  idle(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /** Takes no more commits and writes those taken. Safe to repeat; leaves the store open. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#cancelPressing?.();
    this.#hurry();
    return this.idle();
  }

  #hurryLater(): void {
    // Not cancelled when a batch takes them along: a busy store would set and cancel it all the time.
    this.#cancelTimer ??= this.#ports.timers.after(deferredMsMax, () => {
      this.#cancelTimer = undefined;
      this.#hurry();
    });
  }

  #press(): void {
    if (!this.#isBuffered || this.#failure !== undefined) return;
    this.#isPressing = true;
    this.#running ??= this.#run();
  }

  /** Writes what waits, also where nobody waits for it. */
  #hurry(): void {
    if (this.#failure !== undefined || (this.#waiting.length === 0 && !this.#isSealDue)) return;
    this.#isUrgent = true;
    this.#running ??= this.#run();
  }

  #add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#opsCount += waiting.ops.length;
    this.#bytes += countBytes(waiting.ops);
  }

  #findRefusal(): AppError | undefined {
    if (this.#failure !== undefined) return this.#failure;
    return this.#isClosed ? new AppError('STORE_IO', 'The store is closing.') : undefined;
  }

  async #run(): Promise<void> {
    while ((this.#isUrgent || this.#isPressing) && this.#failure === undefined) {
      // A turn later, so that what is ready now shares the batch: whatever arrived together, and
      // what follows at once from the batch before.
      await new Promise<void>((resolve) => this.#ports.soon(resolve));
      if (this.#failure === undefined) await this.#writeBatch();
    }
    this.#running = undefined;
  }

  async #writeBatch(): Promise<void> {
    const group = this.#waiting;
    this.#waiting = [];
    this.#opsCount = 0;
    this.#bytes = 0;
    this.#deferredCount = 0;
    const durability = this.#isUrgent ? 'synced' : 'buffered';
    this.#isUrgent = false;
    this.#isBuffered = false;
    this.#isPressing = false;
    this.#isSealDue = false;
    try {
      await this.#kv.batch(joinOps(this.#lead(), group, this.#seal()), durability);
    } catch (thrown) {
      this.#fail(group, wrapError(thrown, 'STORE_IO'));
      return;
    }
    for (const commit of group) commit.resolve?.();
  }

  #fail(group: readonly Waiting[], error: AppError): void {
    this.#failure = error;
    this.#cancelTimer?.();
    this.#cancelPressing?.();
    for (const commit of [...group, ...this.#waiting.splice(0)]) commit.reject?.(error);
    this.#onFailure(error);
  }
}

function joinOps(
  leading: readonly KvOp[],
  group: readonly Waiting[],
  sealed: readonly KvOp[],
): readonly KvOp[] {
  const joined = [...leading];
  for (const { ops } of group) for (const op of ops) joined.push(op);
  for (const op of sealed) joined.push(op);
  return joined;
}
