/*
 * `restore` of either program: nobody may run on the home, and nobody may start on it meanwhile.
 *
 * The store that is there is held, not opened, because it may be damaged and is to be put aside as it is. Where there is
 * none its place is held: who began one there would have it moved away from under him.
 * Errors: those of restoring; HOME_FOREIGN; the code of the caller where somebody runs.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, type ErrorCode } from '../protocol/errors.ts';
import { isThere } from '../protocol/is-there.ts';
import {
  finishRestore,
  movesFile,
  planRestore,
  type RestoreAnswer,
  type RestorePlan,
  restoreBackup,
} from './backup-restore.ts';
import { withBallast } from './give-ballast.ts';
import { expectOwnHome } from './home.ts';
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
  if (wish.isAnswered) throw new AppError(wish.busy);
  await expectOwnHome(wish.directory);
  return withBallast(wish.directory, () => restoreAtRest(wish));
}

async function restoreAtRest(wish: RestoreWish): Promise<RestoreAnswer> {
  await finishRestoreHeld(wish);
  const held = (await isThere(wish.store)) ? await holdHome(wish) : await holdOr(wish);
  try {
    return await restoreBackup(wish);
  } finally {
    await held?.release();
  }
}

/**
 * Finishes what a restore left that was cut off; says whether there was one. Every program that opens a home asks this
 * first. One that is still at work holds the home. Errors: `busy` where somebody does, RESTORE_FAILED.
 */
export async function finishRestoreHeld(
  home: Pick<RestoreWish, 'directory' | 'store' | 'busy'>,
): Promise<boolean> {
  if (!(await isThere(join(home.directory, movesFile)))) return false;
  const held = await holdHome({ ...home, isAnswered: false });
  try {
    return await finishRestore(home.directory);
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
  return found?.isDirectory() === true ? holdOr({ store, busy }) : undefined;
}

function holdOr({ store, busy }: Pick<RestoreWish, 'store' | 'busy'>): Promise<HeldStore> {
  return holdStore(store).catch((thrown: unknown) => {
    const isLocked = thrown instanceof AppError && thrown.code === 'STORE_LOCKED';
    throw isLocked ? new AppError(busy, undefined, { cause: thrown }) : thrown;
  });
}
