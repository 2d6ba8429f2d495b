/*
 * `restore` of either program: nobody may run on the home, and nobody may start on it meanwhile.
 *
 * The store that is there is held, not opened, because it may be damaged and is to be put aside as it is.
 * Errors: those of restoring; the code of the caller where somebody runs.
 */
import { stat } from 'node:fs/promises';
import { AppError, type ErrorCode } from '../protocol/errors.ts';
import {
  planRestore,
  type RestoreAnswer,
  type RestorePlan,
  restoreBackup,
} from './backup-restore.ts';
import { type HeldStore, holdStore } from './store-lock.ts';

/** What is wanted of which home. */
export interface RestoreWish extends RestorePlan {
  readonly isDryRun: boolean;
  /** The home's store. */
  readonly store: string;
  /** Does somebody answer on the home's socket? */
  readonly isAnswered: boolean;
  /** What is said where somebody runs. */
  readonly busy: ErrorCode;
}

/** Restores, or says what that would do. */
export async function restoreHome(wish: RestoreWish): Promise<RestoreAnswer> {
  if (wish.isDryRun) return planRestore(wish);
  const held = await holdHome(wish);
  try {
    return await restoreBackup(wish);
  } finally {
    await held?.release();
  }
}

/** Holds the store of a home, if it has one. Errors: `busy` where somebody runs. */
export async function holdHome({
  store,
  isAnswered,
  busy,
}: Pick<RestoreWish, 'store' | 'isAnswered' | 'busy'>): Promise<HeldStore | undefined> {
  if (isAnswered) throw new AppError(busy);
  const found = await stat(store).catch(() => undefined);
  if (found?.isDirectory() !== true) return undefined;
  return holdStore(store).catch((thrown: unknown) => {
    const isLocked = thrown instanceof AppError && thrown.code === 'STORE_LOCKED';
    throw isLocked ? new AppError(busy, undefined, { cause: thrown }) : thrown;
  });
}
