/*
 * A doctor's visit to the store of a home: one for a whole round of looking.
 *
 * The program that runs in this process gives its own store. Else the store is opened only when nobody
 * serves on it, because a database has one owner, and only if it was once opened whole, for opening
 * would make it; that takes its lock until the visit ends. Opening changes no row.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { hasSystemCode, wrapError } from '../../protocol/errors.ts';
import type { DiskHealth } from '../disk-guard.ts';
import type { Kv } from '../kv.ts';
import { openLevelKv } from '../open.ts';

/** How the store was found. `locked`: nobody serves, and yet somebody owns it. */
export type StoreFact =
  | { readonly is: 'sound' }
  /** It is the program's that serves here, or was never made. */
  | { readonly is: 'unknown' }
  | { readonly is: 'locked' }
  | { readonly is: 'failed'; readonly code: string; readonly message: string };

/** The store and the disk of the program that runs, where it is this process. */
export interface LiveDisk {
  readonly kv: Kv;
  readonly health: DiskHealth;
}

/** Which store. */
export interface StoreVisitPlan {
  readonly directory: string;
  readonly live: LiveDisk | undefined;
  /** Does a program answer on this home? */
  readonly isServed: () => Promise<boolean>;
}

/** Life cycle: it opens at the first look; `close` is safe to repeat. */
export class StoreVisit {
  readonly #plan: StoreVisitPlan;
  #opened: Promise<Opened> | undefined;

  constructor(plan: StoreVisitPlan) {
    this.#plan = plan;
  }

  get live(): LiveDisk | undefined {
    return this.#plan.live;
  }

  get directory(): string {
    return this.#plan.directory;
  }

  /** Never rejects. */
  async look(): Promise<StoreFact> {
    const { fact, kv } = await this.#open();
    return kv === undefined ? fact : probe(kv);
  }

  /** The store, where it can be read. Never rejects. */
  async findKv(): Promise<Kv | undefined> {
    return (await this.#open()).kv;
  }

  async close(): Promise<void> {
    if (this.#opened === undefined || this.live !== undefined) return;
    const { kv } = await this.#opened;
    await kv?.close();
  }

  #open(): Promise<Opened> {
    this.#opened ??= openStore(this.#plan);
    return this.#opened;
  }
}

interface Opened {
  readonly fact: StoreFact;
  readonly kv?: Kv;
}

async function openStore({ directory, live, isServed }: StoreVisitPlan): Promise<Opened> {
  // A live store that is being opened again says so, and answers nothing meanwhile.
  if (live?.health.store.is === 'reopening')
    return { fact: { ...live.health.store, is: 'failed' } };
  if (live !== undefined) return { fact: { is: 'sound' }, kv: live.kv };
  if ((await isServed()) || !(await isMade(directory))) return { fact: { is: 'unknown' } };
  return openLevelKv(directory).then(
    (kv): Opened => ({ fact: { is: 'sound' }, kv }),
    (thrown: unknown) => ({ fact: describeFault(thrown) }),
  );
}

async function probe(kv: Kv): Promise<StoreFact> {
  return kv.get('meta/format').then((): StoreFact => ({ is: 'sound' }), describeFault);
}

async function isMade(store: string): Promise<boolean> {
  return access(join(store, 'CREATED')).then(
    () => true,
    (thrown: unknown) => !hasSystemCode(thrown, 'ENOENT') && !hasSystemCode(thrown, 'ENOTDIR'),
  );
}

function describeFault(thrown: unknown): StoreFact {
  const { code, message } = wrapError(thrown, 'STORE_IO');
  return code === 'STORE_LOCKED' ? { is: 'locked' } : { is: 'failed', code, message };
}
