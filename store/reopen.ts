/*
 * A store that mends itself: after a failed read or write it closes, opens again, and goes on.
 *
 * What a failed batch left on the disk is unknown, and LevelDB 1.20, used on after a full disk, loses
 * what it acknowledges. So at the first failure nothing more is acknowledged; the store is closed and
 * opened (which reads its log anew), checked, and the failed batch is applied again, then all that
 * waited, in order. Batches are absolute puts and dels, so to apply one twice is to apply it once:
 * that is what makes "unknown" certain, and reads wait until it is. Every batch also counts up `meta/tail`; a store that comes
 * back with fewer batches than were acknowledged is STORE_DAMAGED, told once, and never used again.
 * Callers only see that a promise takes longer. Source: reliability facts 0.1, 2.3 and R23.
 */
import { z } from 'zod';
import { AppError, assert, wrapError } from '../protocol/errors.ts';
import type { CancelTimer, Clock, Ports } from '../protocol/ports.ts';
import { isDiskFull, type StoreHealth } from './disk-guard.ts';
import { tailKey } from './keys.ts';
import type { Durability, Kv, KvOp, KvRange, KvRow, KvSnapshot } from './kv.ts';
import { laneJobsMax, readsWaitingMax, readTriesMax, reopenMsBase, reopenMsMax } from './limits.ts';
import { findRow, planRow } from './row-codec.ts';
import { compareKeys } from './sorted-rows.ts';

/** What a store that mends itself is made from. */
export interface ReopenOptions {
  /** Opens the store in its place; called again after every failure. */
  readonly open: () => Promise<Kv>;
  readonly ports: Pick<Ports, 'timers' | 'random'> & { readonly clock: Pick<Clock, 'wallMs'> };
  /** The disk was full: frees what is kept for that. */
  readonly makeRoom: () => Promise<void>;
  /** It failed, or works again. */
  readonly changed: (health: StoreHealth) => void;
}

interface Write {
  readonly ops: readonly KvOp[];
  readonly durability: Durability;
  resolve(): void;
  reject(error: AppError): void;
}

/** The shape of `meta/tail`. */
export const tailSchema = z.number().int().nonnegative();

/** Opens the store for the first time, which must succeed. Errors: those of `open`. */
export async function openReopeningKv(options: ReopenOptions): Promise<ReopeningKv> {
  const inner = await options.open().catch(async (thrown: unknown) => {
    // Opening writes too. What is kept for a full disk may be all that it takes.
    if (!isDiskFull(thrown)) throw thrown;
    await options.makeRoom();
    return options.open();
  });
  return new ReopeningKv(options, inner, await readSyncedTail(inner));
}

/** Life cycle: `openReopeningKv`, then `close`, safe to repeat. */
export class ReopeningKv implements Kv {
  /** Resolves when acknowledged writes turned out to be missing; the process must end then. */
  readonly damaged: Promise<AppError>;
  readonly #options: ReopenOptions;
  readonly #queue: Write[] = [];
  #inner: Kv;
  #isInnerOpen = true;
  /** Batches acknowledged, and batches that the disk may hold. */
  #tail: number;
  #tried: number;
  #syncedTail: number;
  #fault: AppError | undefined;
  #health: StoreHealth = { is: 'sound' };
  /** Tries to open since the last batch that worked. */
  #tries = 0;
  #end: AppError | undefined;
  #isClosed = false;
  #closing: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  #readers: (() => void)[] = [];
  #skipPause: () => void = () => undefined;
  #resolveDamaged!: (error: AppError) => void;

  constructor(options: ReopenOptions, inner: Kv, tail: number) {
    this.#options = options;
    this.#inner = inner;
    this.#tail = tail;
    this.#tried = tail;
    this.#syncedTail = tail;
    this.damaged = new Promise((resolve) => {
      this.#resolveDamaged = resolve;
    });
  }

  /** So many batches survive the loss of power: for a witness outside of the store. */
  get syncedTail(): number {
    return this.#syncedTail;
  }

  /** Does it work? */
  get health(): StoreHealth {
    return this.#health;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#read((kv) => kv.get(key));
  }

  range(range: KvRange): Promise<readonly KvRow[]> {
    return withoutTail(range, (wider) => this.#read((kv) => kv.range(wider)));
  }

  /** One that a failure of the store overtakes can be read no more, and says so: STORE_IO. */
  async snapshot(): Promise<KvSnapshot> {
    const inner = await this.#read((kv) => kv.snapshot());
    return {
      range: (range) => withoutTail(range, (wider) => inner.range(wider)),
      close: () => inner.close(),
    };
  }

  /**
   * Resolves once the batch is as durable as asked for, however often the store had to be opened
   * again. Errors: STORE_FULL; STORE_IO when it is closed before; STORE_DAMAGED.
   */
  batch(ops: readonly KvOp[], durability: Durability): Promise<void> {
    const refused = this.#findRefusal();
    if (refused !== undefined) return Promise.reject(refused);
    if (this.#queue.length >= laneJobsMax) return Promise.reject(new AppError('STORE_FULL'));
    for (const { key } of ops) assert(key !== '', 'a key is not empty');
    return new Promise((resolve, reject) => {
      this.#queue.push({ ops, durability, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /**
   * Waits for what is under way while the store works. Where it does not, what waits is refused
   * (STORE_IO) and this rejects too: it was never acknowledged, and is told rather than waited for.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#skipPause();
    await this.#running;
    if (this.#isInnerOpen) await this.#inner.close();
    if (this.#end !== undefined) throw this.#end;
  }

  /** The one place from which the store is written, closed and opened, so these never overlap. */
  async #run(): Promise<void> {
    while (this.#end === undefined) {
      const next = this.#queue[0];
      if (this.#fault !== undefined) await this.#mend(this.#fault);
      else if (next !== undefined) await this.#write(next);
      else break;
    }
    this.#running = undefined;
  }

  async #write({ ops, durability, resolve }: Write): Promise<void> {
    // As in LevelDB a batch without ops writes nothing; it only waits for its turn.
    if (ops.length > 0) {
      this.#tried = this.#tail + 1;
      try {
        await this.#inner.batch([...ops, planRow(tailKey, this.#tried)], durability);
      } catch (thrown) {
        this.#blame(thrown);
        return;
      }
      this.#tail = this.#tried;
      if (durability === 'synced') this.#syncedTail = this.#tail;
      this.#tries = 0;
      if (this.#fault === undefined) this.#recover();
    }
    this.#queue.shift();
    resolve();
  }

  /** One try: close, make room, wait a little, open, look. A fault that stays brings the next try. */
  async #mend(fault: AppError): Promise<void> {
    if (this.#isInnerOpen) await this.#inner.close().catch(() => undefined);
    this.#isInnerOpen = false;
    if (isDiskFull(fault)) await this.#options.makeRoom();
    await this.#pause();
    if (this.#isClosed) return this.#finish(closedInFault(fault));
    try {
      this.#inner = await this.#options.open();
      this.#isInnerOpen = true;
      await this.#verify();
    } catch (thrown) {
      this.#blame(thrown);
      return;
    }
    this.#fault = undefined;
    // Only a write shows that it works again. Until then nobody reads: the failed batch may be there,
    // and who saw it now would know of what was never acknowledged.
    if (this.#queue.every(({ ops }) => ops.length === 0)) this.#queue.push(probe(this.#tail));
  }

  /** What was acknowledged must be there, and nothing that was never tried. */
  async #verify(): Promise<void> {
    const found = await readSyncedTail(this.#inner);
    if (found >= this.#tail && found <= this.#tried) return;
    const detail =
      `The store came back with ${found} batches where ${this.#tail} were acknowledged: ` +
      'the disk lost writes.';
    throw new AppError('STORE_DAMAGED', detail);
  }

  #blame(thrown: unknown): void {
    const error = wrapError(thrown, 'STORE_IO');
    if (error.code === 'STORE_DAMAGED') return this.#finish(error);
    this.#fault = error;
    const since =
      this.#health.is === 'sound' ? this.#options.ports.clock.wallMs() : this.#health.since;
    const code = isDiskFull(error) ? 'DISK_FULL' : 'STORE_REOPENING';
    this.#say({ is: 'reopening', since, code, message: error.message });
  }

  /** Ends the use of this store: everyone who waits is told. */
  #finish(error: AppError): void {
    this.#end = error;
    for (const { reject } of this.#queue.splice(0)) reject(error);
    for (const wake of this.#readers.splice(0)) wake();
    if (error.code === 'STORE_DAMAGED') this.#resolveDamaged(error);
  }

  #recover(): void {
    if (this.#health.is === 'sound') return;
    this.#say({ is: 'sound' });
    for (const wake of this.#readers.splice(0)) wake();
  }

  #say(health: StoreHealth): void {
    this.#health = health;
    this.#options.changed(health);
  }

  async #read<T>(ask: (kv: Kv) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      await this.#untilOpen();
      const inner = this.#inner;
      try {
        return await ask(inner);
      } catch (thrown) {
        const error = wrapError(thrown, 'STORE_IO');
        if (error.code !== 'STORE_IO' && error.code !== 'STORE_DAMAGED') throw error;
        if (this.#isClosed) throw error;
        // Another call's failure may have closed it meanwhile; that is no second failure.
        const isPresent = inner === this.#inner && this.#fault === undefined;
        if (isPresent && this.#end === undefined) this.#blame(error);
        if (this.#fault !== undefined) this.#running ??= this.#run();
        if (tries >= readTriesMax || this.#end !== undefined) throw error;
      }
    }
  }

  async #untilOpen(): Promise<void> {
    const refused = this.#findRefusal();
    if (refused !== undefined) throw refused;
    if (this.#health.is === 'sound') return;
    if (this.#readers.length >= readsWaitingMax) throw new AppError('STORE_FULL');
    await new Promise<void>((resolve) => this.#readers.push(resolve));
    if (this.#end !== undefined) throw this.#end;
  }

  #findRefusal(): AppError | undefined {
    if (this.#end !== undefined) return this.#end;
    return this.#isClosed ? new AppError('STORE_IO', 'The store is closed.') : undefined;
  }

  /** None before the first try: most failures are gone with the handle that met them. */
  #pause(): Promise<void> {
    const { timers, random } = this.#options.ports;
    const tries = this.#tries;
    this.#tries += 1;
    if (tries === 0 || this.#isClosed) return Promise.resolve();
    const whole = Math.min(reopenMsMax, reopenMsBase * 2 ** Math.min(tries, 20));
    return new Promise((resolve) => {
      const cancel: CancelTimer = timers.after(whole * random.fraction(), resolve);
      this.#skipPause = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** Reads a range in which our own row does not show. */
async function withoutTail(
  range: KvRange,
  read: (range: KvRange) => Promise<readonly KvRow[]>,
): Promise<readonly KvRow[]> {
  const { gte, lt, countMax } = range;
  assert(countMax >= 0, 'a range has a countMax of zero or more');
  const isOurs = compareKeys(gte, tailKey) <= 0 && compareKeys(tailKey, lt) < 0;
  if (!isOurs) return read(range);
  const rows = await read({ ...range, countMax: countMax + 1 });
  return rows.filter(({ key }) => key !== tailKey).slice(0, countMax);
}

/** How many batches an open store says were synced. Errors: STORE_*. */
export async function readSyncedTail(kv: Kv): Promise<number> {
  return (await findRow(kv, tailKey, tailSchema)) ?? 0;
}

/** A batch that changes nothing but proves that the disk takes writes. */
function probe(tail: number): Write {
  const nobody = () => undefined;
  const ops = [planRow(tailKey, tail)];
  return { ops, durability: 'synced', resolve: nobody, reject: nobody };
}

function closedInFault(cause: AppError): AppError {
  const detail = `The store was closed while it could not be written: ${cause.message}`;
  return new AppError('STORE_IO', detail, { cause });
}
