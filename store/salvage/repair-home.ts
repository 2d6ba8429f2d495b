/*
 * A home at rest is mended: a restore that was cut off is finished, the store is salvaged, what nobody can need goes. On a
 * full disk the ballast goes for that.
 *
 * The store is held meanwhile, so nobody starts on what is half mended. Errors: REPAIR_BUSY, HOME_FOREIGN, RESTORE_FAILED,
 * STORE_*.
 */
import { join } from 'node:path';
import { isThere } from '../../protocol/is-there.ts';
import { movesFile } from '../backup-restore.ts';
import { withBallast } from '../give-ballast.ts';
import { expectOwnHome } from '../home.ts';
import { isStoreMade } from '../made.ts';
import { finishRestoreHeld, holdHome } from '../restore-home.ts';
import { listLeftovers, removeLeftovers } from './leftovers.ts';
import { type RepairAnswer, type RepairPlan, repairStore, showRepair } from './repair-store.ts';

/** Which home, and how it is mended. */
export interface HomeRepairPlan extends RepairPlan {
  readonly socket: string;
  /** Does somebody answer on the socket? */
  readonly isAnswered: boolean;
}

/** What came of it, or would. */
export interface HomeRepair {
  /** Null where no store was ever made. */
  readonly store: RepairAnswer | null;
  readonly removed: readonly string[];
  /** Was a restore finished that was cut off, or would be? What the store is then is not known before. */
  readonly wasCutOff: boolean;
}

/** Mends it. */
export async function repairHome(plan: HomeRepairPlan): Promise<HomeRepair> {
  // To look, too, is to open the store, and that makes files.
  await expectOwnHome(plan.home);
  return withBallast(plan.home, () => mend(plan));
}

async function mend(plan: HomeRepairPlan): Promise<HomeRepair> {
  const { home, socket, isAnswered, isDryRun, now } = plan;
  const busy = 'REPAIR_BUSY';
  const wasCutOff = await isThere(join(home, movesFile));
  // Whoever serves here is asked about first, and the store that is held below is the one that came in.
  if (wasCutOff && !isDryRun && !isAnswered)
    await finishRestoreHeld({ directory: home, store: plan.store, busy });
  const held = await holdHome({ store: plan.store, isAnswered, busy });
  try {
    // First, while the store is surely held: who starts once it is free has made a socket of his own.
    const removed = await listLeftovers(home, { socket, now });
    if (!isDryRun) await removeLeftovers(removed);
    const isPending = wasCutOff && isDryRun;
    const store = !isPending && (await isStoreMade(plan.store)) ? await repairStore(plan) : null;
    return { store, removed, wasCutOff };
  } finally {
    await held?.release();
  }
}

/** What was found of restore and store, in words. */
export function showHome(
  { store, wasCutOff }: Pick<HomeRepair, 'store' | 'wasCutOff'>,
  isDryRun: boolean,
): readonly string[] {
  const found = store === null ? 'There is no store.' : showRepair(store);
  if (!wasCutOff) return [found];
  return isDryRun
    ? ['A restore that was cut off would be finished, and then the store that it brings looked at.']
    : ['A restore that was cut off was finished.', found];
}
