/*
 * The store in memory: for tests, and for a simulator that crashes it.
 *
 * A `MemoryDisk` outlives the stores opened on it, as a disk outlives processes. A batch is applied
 * when its promise resolves; a synced one makes all before it durable. `crash` cuts the power: of
 * the batches that are not durable a random prefix stays, each whole, because LevelDB's log keeps
 * batches whole and in order. All delay and chance come from the given timing: one seed, one history.
 */
import { AppError, assert } from '../protocol/errors.ts';
import { copyBytes } from './byte-copy.ts';
import type { DiskTiming } from './disk-timing.ts';
import { drawBufferedMs, drawCount, drawSyncMs, instantTiming } from './disk-timing.ts';
import { wholeRange } from './keys.ts';
import type { Durability, Kv, KvOp, KvRange, KvRow, KvSnapshot } from './kv.ts';
import { laneJobsMax, memoryUndosMax } from './limits.ts';
import type { SortedRows } from './sorted-rows.ts';
import { createSortedRows } from './sorted-rows.ts';

interface Write {
  readonly ops: readonly KvOp[];
  readonly durability: Durability;
  resolve(): void;
  reject(error: AppError): void;
}

/** A simulated disk for one store. */
export class MemoryDisk {
  readonly timing: DiskTiming;
  readonly rows: SortedRows = createSortedRows();
  /** How to take back each applied batch that is not durable yet, oldest first. */
  readonly undos: (readonly KvOp[])[] = [];
  #owner: MemoryKv | undefined;
  #failuresLeft = 0;
  #isFull = false;
  #writesLeft = 0;

  constructor(timing: DiskTiming) {
    this.timing = timing;
  }

  /** Cuts the power. The store that was open is dead: its promises never settle, its calls fail. */
  crash(): void {
    const inFlight = this.#owner?.die();
    this.#owner = undefined;
    if (inFlight !== undefined) this.apply(inFlight.ops);
    const keptCount = drawCount(this.timing.random, this.undos.length);
    while (this.undos.length > keptCount) this.#apply(this.undos.pop() ?? []);
    this.undos.length = 0;
  }

  /** Makes the next batches fail. Whether each stayed after all, chance decides. */
  failNext(count = 1): void {
    this.#failuresLeft = count;
  }

  /** Is there a batch that will fail, whenever it comes? */
  get isFailing(): boolean {
    return this.#failuresLeft > 0;
  }

  /** No room any more: after `writesLeft` batches each one fails, and so does every opening. */
  fill(writesLeft = 0): void {
    this.#isFull = true;
    this.#writesLeft = writesLeft;
  }

  /** There is room, and no batch is to fail. */
  heal(): void {
    this.#isFull = false;
    this.#failuresLeft = 0;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** For the store: how this batch is to fail, if it is. Asking uses one failure up. */
  takeFailure(): AppError | undefined {
    if (this.#failuresLeft > 0) {
      this.#failuresLeft -= 1;
      return new AppError('STORE_IO', 'The simulated disk failed.');
    }
    if (!this.#isFull) return undefined;
    this.#writesLeft -= 1;
    return this.#writesLeft >= 0 ? undefined : fullError();
  }

  /** For the store: opening writes too. Errors: STORE_IO on a disk without room. */
  checkRoom(): void {
    if (this.#isFull && this.#writesLeft <= 0) throw fullError();
  }

  /** For the store: takes the disk. Errors: STORE_LOCKED. */
  lock(owner: MemoryKv): void {
    if (this.#owner !== undefined) throw new AppError('STORE_LOCKED');
    this.#owner = owner;
  }

  /** For the store: gives the disk back, if it still has it. */
  unlock(owner: MemoryKv): void {
    if (this.#owner === owner) this.#owner = undefined;
  }

  /** For the store: a whole batch becomes visible, not yet durable. */
  apply(ops: readonly KvOp[]): void {
    this.undos.push(ops.map((op) => this.#invert(op.key)));
    if (this.undos.length > memoryUndosMax) this.undos.shift();
    this.#apply(ops);
  }

  #apply(ops: readonly KvOp[]): void {
    for (const op of ops) {
      if (op.type === 'put') this.rows.set(op.key, op.value);
      else this.rows.delete(op.key);
    }
  }

  /** Keys that a batch names twice get the same undo twice, so its order does not matter. */
  #invert(key: string): KvOp {
    const value = this.rows.get(key);
    return value === undefined ? { type: 'del', key } : { type: 'put', key, value };
  }
}

/** A disk without delays, for plain unit tests. */
export function instantDisk(): MemoryDisk {
  return new MemoryDisk(instantTiming());
}

/** Opens the store on a simulated disk. Errors: STORE_LOCKED while another one has it; STORE_IO. */
export async function openMemoryKv(disk: MemoryDisk): Promise<Kv> {
  disk.checkRoom();
  const kv = new MemoryKv(disk);
  disk.lock(kv);
  return kv;
}

class MemoryKv implements Kv {
  readonly #disk: MemoryDisk;
  readonly #waiting: Write[] = [];
  #inFlight: Write | undefined;
  #cancelTimer: () => void = () => {};
  #state: 'open' | 'closed' | 'dead' = 'open';
  #hasFailed = false;
  #idleWaiters: (() => void)[] = [];

  constructor(disk: MemoryDisk) {
    this.#disk = disk;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#checkUsable();
    const value = this.#disk.rows.get(key);
    return value === undefined ? undefined : copyBytes(value);
  }

  async range(range: KvRange): Promise<readonly KvRow[]> {
    this.#checkUsable();
    assert(range.countMax >= 0, 'a range has a countMax of zero or more');
    const { rows } = this.#disk;
    return rows.list(range).map((key) => ({ key, value: copyBytes(rows.get(key) ?? noBytes) }));
  }

  async snapshot(): Promise<KvSnapshot> {
    this.#checkUsable();
    const { rows } = this.#disk;
    const copy = createSortedRows();
    const all = { ...wholeRange, countMax: Number.MAX_SAFE_INTEGER, order: 'ascending' } as const;
    for (const key of rows.list(all)) copy.set(key, rows.get(key) ?? noBytes);
    return {
      range: async (range) => {
        this.#checkUsable();
        return copy.list(range).map((key) => ({ key, value: copyBytes(copy.get(key) ?? noBytes) }));
      },
      close: async () => undefined,
    };
  }

  async batch(ops: readonly KvOp[], durability: Durability): Promise<void> {
    this.#checkUsable();
    if (this.#waiting.length >= laneJobsMax) throw new AppError('STORE_FULL');
    const own = ops.map(copyOp);
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ ops: own, durability, resolve, reject });
      this.#startNext();
    });
  }

  async close(): Promise<void> {
    if (this.#state === 'dead') return;
    this.#state = 'closed';
    if (this.#inFlight !== undefined) {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }
    this.#disk.unlock(this);
  }

  /** For the disk: ends without an answer to anyone, giving the batch that was being written. */
  die(): Write | undefined {
    this.#state = 'dead';
    this.#cancelTimer();
    this.#waiting.length = 0;
    return this.#inFlight;
  }

  #startNext(): void {
    if (this.#inFlight !== undefined) return;
    const next = this.#waiting.shift();
    this.#inFlight = next;
    if (next === undefined) {
      for (const wake of this.#idleWaiters.splice(0)) wake();
      return;
    }
    const { timing } = this.#disk;
    const delayMs = next.durability === 'synced' ? drawSyncMs(timing) : drawBufferedMs(timing);
    this.#cancelTimer = timing.timers.after(delayMs, () => this.#finish(next));
  }

  #finish(write: Write): void {
    this.#inFlight = undefined;
    const failure = this.#hasFailed ? new AppError('STORE_IO') : this.#disk.takeFailure();
    if (failure !== undefined) {
      this.#fail(write, failure);
    } else {
      this.#disk.apply(write.ops);
      // As in LevelDB a batch without ops writes nothing, and so makes nothing durable either.
      if (write.durability === 'synced' && write.ops.length > 0) this.#disk.undos.length = 0;
      write.resolve();
    }
    this.#startNext();
  }

  /** The first failed batch may have stayed; those behind it were not even tried. */
  #fail(write: Write, failure: AppError): void {
    const mayStay = !this.#hasFailed && this.#disk.timing.random.fraction() >= 0.5;
    if (mayStay) this.#disk.apply(write.ops);
    this.#hasFailed = true;
    write.reject(failure);
  }

  #checkUsable(): void {
    if (this.#state !== 'open') throw new AppError('STORE_IO', `The store is ${this.#state}.`);
    if (this.#hasFailed) throw new AppError('STORE_IO', 'The store failed before.');
  }
}

/** What was handed over may be used again. */
function copyOp(op: KvOp): KvOp {
  return op.type === 'put' ? { type: 'put', key: op.key, value: copyBytes(op.value) } : op;
}

function fullError(): AppError {
  return new AppError('STORE_IO', 'The simulated disk is full: No space left on device.');
}

const noBytes = new Uint8Array(0);
