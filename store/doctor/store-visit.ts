/*
 * A doctor's visit to the store of a home: one for a whole round of looking.
 *
 * The program that runs in this process gives its own store. Else the store is opened only when nobody
 * serves on it, because a database has one owner, and only if it was once opened whole, for opening
 * would make it; that takes its lock until the visit ends. Opening changes no row.
 */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, wrapError } from '../../protocol/errors.ts';
import { isThere } from '../../protocol/is-there.ts';
import { sleep, type Timers } from '../../protocol/ports.ts';
import { movesFile } from '../backup-restore.ts';
import type { DiskHealth } from '../disk-guard.ts';
import { readFormat } from '../format.ts';
import { expectOwnHome } from '../home.ts';
import type { Kv } from '../kv.ts';
import { isStoreMade } from '../made.ts';
import { openLevelKv } from '../open.ts';
import { readSyncedTail } from '../reopen.ts';
import { findMissingStore } from '../store-mark.ts';
import { checkAfterOpen, checkBeforeOpen } from '../witness.ts';
import { closeMsMax, lockPauseMs, lockTriesMax } from './limits.ts';

/** How the store was found. */
export type StoreFact =
  | { readonly is: 'sound' }
  /** It is the program's that serves here, or was never made. */
  | { readonly is: 'unknown' }
  /** It is another user's, and this is root: what root makes there, their own program cannot use. */
  | { readonly is: 'foreign'; readonly message: string }
  /** Nobody serves, and yet somebody owns it; `owner` is its pid where the system says. */
  | { readonly is: 'locked'; readonly owner: number | null }
  /** A newer version has written it. */
  | { readonly is: 'newer'; readonly message: string }
  | { readonly is: 'failed'; readonly code: string; readonly message: string };

/** The store and the disk of the program that runs, where it is this process. */
export interface LiveDisk {
  readonly kv: Kv;
  readonly health: DiskHealth;
}

/** Which store. */
export interface StoreVisitPlan {
  readonly directory: string;
  /** The file that says that there is one, where this program keeps that. */
  readonly mark?: string;
  readonly live: LiveDisk | undefined;
  /** Does a program answer on this home? */
  readonly isServed: () => Promise<boolean>;
  readonly timers: Timers;
}

/** Life cycle: it opens at the first look; `close` is safe to repeat, and gives up on a disk that does not answer. */
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
    if (kv === undefined) return fact;
    return kv.get('meta/format').then((): StoreFact => fact, describeFault);
  }

  /** The store, where it can be read. Never rejects. */
  async findKv(): Promise<Kv | undefined> {
    return (await this.#open()).kv;
  }

  async close(): Promise<void> {
    if (this.#opened === undefined || this.live !== undefined) return;
    const closing = this.#opened.then(({ kv }) => kv?.close());
    // What was found is to be told although the disk under the store answers nothing any more.
    let giveUp: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      giveUp = this.#plan.timers.after(closeMsMax, resolve);
    });
    await Promise.race([closing, late]).finally(giveUp);
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

async function openStore(plan: StoreVisitPlan): Promise<Opened> {
  const { directory, mark, live, isServed } = plan;
  // A live store that is being opened again says so, and answers nothing meanwhile.
  if (live?.health.store.is === 'reopening')
    return { fact: { ...live.health.store, is: 'failed' } };
  if (live !== undefined) return { fact: { is: 'sound' }, kv: live.kv };
  if (await isThere(join(dirname(directory), movesFile))) return judgeCutOff(isServed);
  const missing =
    mark === undefined ? undefined : await findMissingStore({ store: directory, mark });
  if (missing !== undefined) return { fact: describeFault(missing) };
  if (!(await isStoreMade(directory))) return { fact: { is: 'unknown' } };
  for (let tries = 1; ; tries += 1) {
    if (await isServed()) return { fact: { is: 'unknown' } };
    const opened = await tryStore(directory);
    // Who is just starting, or just being looked at by somebody else, owns it for a moment.
    if (opened.fact.is !== 'locked' || tries >= lockTriesMax) return opened;
    await sleep(plan.timers, lockPauseMs);
  }
}

/** Neither the store that is there nor one that is missing says anything before the moves are over. */
async function judgeCutOff(isServed: StoreVisitPlan['isServed']): Promise<Opened> {
  if (await isServed()) return { fact: { is: 'unknown' } };
  const message = 'A restore was cut off between its moves.';
  return { fact: { is: 'failed', code: 'RESTORE_FAILED', message } };
}

async function tryStore(directory: string): Promise<Opened> {
  try {
    await expectOwnHome(dirname(directory));
    // LevelDB would pass over what is damaged in a log, and throw the log away.
    await checkBeforeOpen(directory);
    const kv = await openLevelKv(directory);
    const fact = await judgeOpen(directory, kv).then(
      (): StoreFact => ({ is: 'sound' }),
      describeFault,
    );
    if (fact.is === 'sound') return { fact, kv };
    await kv.close();
    return { fact };
  } catch (thrown) {
    const fact = describeFault(thrown);
    return { fact: fact.is === 'locked' ? { ...fact, owner: await findOwner(directory) } : fact };
  }
}

/** What a program would refuse that opens it. */
async function judgeOpen(directory: string, kv: Kv): Promise<void> {
  await readFormat(kv);
  await checkAfterOpen(directory, await readSyncedTail(kv));
}

function describeFault(thrown: unknown): StoreFact {
  const { code, message } = wrapError(thrown, 'STORE_IO');
  if (code === 'STORE_LOCKED') return { is: 'locked', owner: null };
  if (thrown instanceof AppError && code === 'STORE_FORMAT') return { is: 'newer', message };
  if (code === 'HOME_FOREIGN') return { is: 'foreign', message };
  return { is: 'failed', code, message };
}

/** Who holds the lock of LevelDB, by the kernel's own list. Source: proc_locks(5), fcntl(2). */
async function findOwner(directory: string): Promise<number | null> {
  const locks = await readFile('/proc/locks', 'latin1').catch(() => '');
  const lock = await stat(join(directory, 'LOCK')).catch(() => undefined);
  if (lock === undefined) return null;
  const line = locks.split('\n').find((text) => text.split(/\s+/)[5]?.endsWith(`:${lock.ino}`));
  const pid = Number(line?.split(/\s+/)[4]);
  return Number.isInteger(pid) && pid > 0 ? pid : null;
}
