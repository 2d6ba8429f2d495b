/*
 * How the disk under a home is, as everybody else may ask it.
 *
 * A value for screens, a refusal for new work, and a gate for log bytes. It decides nothing about
 * jobs: whoever takes new work asks first, and what was taken already is kept whatever the disk does.
 * Codes: DISK_LOW under the watermark; DISK_FULL and STORE_REOPENING while the store is not sound.
 */
import { AppError, type ErrorCode, wrapError } from '../protocol/errors.ts';
import type { CancelTimer, Timers } from '../protocol/ports.ts';
import { askMsMax } from './limits.ts';

/** Does the store take writes? `since` is wall milliseconds. */
export type StoreHealth =
  | { readonly is: 'sound' }
  | {
      readonly is: 'reopening';
      readonly since: number;
      readonly code: 'DISK_FULL' | 'STORE_REOPENING';
      readonly message: string;
    };

/** Room on the file system of the home; sizes in bytes. */
export interface RoomHealth {
  readonly freeBytes: number;
  readonly watermarkBytes: number;
  readonly isLow: boolean;
  /** `ready`: there to be given up; `released`: given up; `none`: never had the room for it. */
  readonly ballast: 'ready' | 'released' | 'none';
}

/** What `status` shows and doctor looks at. `room` is null before the first look. */
export interface DiskHealth {
  readonly store: StoreHealth;
  readonly room: RoomHealth | null;
}

/** What hub and agent ask of their disk. */
export interface DiskGuard {
  readonly health: DiskHealth;
  /** Resolves when acknowledged writes are missing; whoever owns the store ends then. */
  readonly damaged: Promise<AppError>;
  /** Why no new work may be taken now; undefined when it may. No I/O. */
  findRefusal(): AppError | undefined;
  /** May bytes of output be written now, or is what room there is kept for outcomes? */
  hasLogRoom(): Promise<boolean>;
  /** Calls `run` whenever the answers may have changed, until the returned function is called. */
  follow(run: () => void): () => void;
}

/** A disk that is always well; for benches and tests that are about something else. */
export const soundDisk: DiskGuard = {
  health: { store: { is: 'sound' }, room: null },
  damaged: new Promise(() => undefined),
  findRefusal: () => undefined,
  hasLogRoom: () => Promise.resolve(true),
  follow: () => () => undefined,
};

/** The refusal that a store's health means, if it means one. */
export function refuseUnsound(health: StoreHealth): AppError | undefined {
  if (health.is === 'sound') return undefined;
  return new AppError(health.code, `The store is being opened again: ${health.message}`);
}

/**
 * For somebody who wants to write and can be told no: undefined once the store is sound, the
 * refusal where it is not after a moment. A full disk is refused at once, for that takes longer.
 */
export async function awaitSound(disk: DiskGuard, timers: Timers): Promise<AppError | undefined> {
  const refusal = refuseUnsound(disk.health.store);
  if (refusal === undefined || refusal.code === 'DISK_FULL') return refusal;
  await untilSound(disk, timers);
  return refuseUnsound(disk.health.store);
}

/**
 * Awaits a read for somebody who should not wait for a disk. Errors: those of the read; DISK_FULL
 * and STORE_REOPENING where the store is not back after a moment.
 */
export async function readSoon<T>(
  reading: Promise<T>,
  { disk, timers }: { readonly disk: DiskGuard; readonly timers: Timers },
): Promise<T> {
  if (disk.health.store.is === 'sound') return reading;
  // Whoever has left does not hear how it ended.
  reading.catch(() => undefined);
  const isRead = reading.then(
    () => true,
    () => true,
  );
  await Promise.race([isRead, untilSound(disk, timers)]);
  const refusal = refuseUnsound(disk.health.store);
  const isDone = await Promise.race([isRead, Promise.resolve(false)]);
  if (!isDone && refusal !== undefined) throw refusal;
  return reading;
}

/** Resolves when the store is sound, or `askMsMax` later. */
function untilSound(disk: DiskGuard, timers: Timers): Promise<void> {
  return new Promise((resolve) => {
    let cancel: CancelTimer = () => undefined;
    const finish = () => {
      unfollow();
      cancel();
      resolve();
    };
    const unfollow = disk.follow(() => {
      if (disk.health.store.is === 'sound') finish();
    });
    cancel = timers.after(askMsMax, finish);
  });
}

/** Was this refused because the store is not sound just now? */
export function isUnsound(thrown: unknown): boolean {
  if (!(thrown instanceof AppError)) return false;
  return thrown.code === 'DISK_FULL' || thrown.code === 'STORE_REOPENING';
}

/** What says that the disk, or the store on it, takes or gives nothing just now. */
const troubleCodes: ReadonlySet<ErrorCode> = new Set([
  'STORE_IO',
  'STORE_FULL',
  'STORE_REOPENING',
  'DISK_FULL',
]);

/**
 * Did this fail because of the disk, so that the same may be tried again? Also where a store that is
 * being opened again has no place left for those who wait for it (STORE_FULL).
 */
export function isDiskTrouble(thrown: unknown): boolean {
  return thrown instanceof AppError && troubleCodes.has(thrown.code);
}

/** Bytes in words, for people. */
export function formatMib(bytes: number): string {
  return `${(bytes / (1024 * 1024)).toFixed(bytes < 100 * 1024 * 1024 ? 1 : 0)} MiB`;
}

/** Does this failure, or what caused it, say that there is no room left? */
export function isDiskFull(thrown: unknown): boolean {
  let at = thrown;
  for (let depth = 0; depth < 8 && at instanceof Error; depth += 1) {
    if ('code' in at && (at.code === 'ENOSPC' || at.code === 'EDQUOT')) return true;
    if ('code' in at && at.code === 'DISK_FULL') return true;
    // LevelDB has no codes for what the system said, only its words.
    if (/No space left on device|Disk quota exceeded/.test(at.message)) return true;
    at = at.cause;
  }
  return false;
}

/** A failure for want of room under the code that says so, with its own words; any other as it is. */
export function nameFullDisk(thrown: unknown): unknown {
  if (!isDiskFull(thrown)) return thrown;
  const error = wrapError(thrown, 'DISK_FULL');
  if (error.code === 'DISK_FULL') return error;
  return new AppError('DISK_FULL', `The disk is full. ${error.message}`, { cause: thrown });
}

/** A disk without room refuses new work; a store that is only being opened again makes it wait. */
export function findLowDisk(disk: DiskGuard): AppError | undefined {
  const code = disk.findRefusal()?.code;
  return code === undefined || code === 'STORE_REOPENING' ? undefined : new AppError(code);
}
