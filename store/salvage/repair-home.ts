/*
 * A home at rest is mended: a restore that was cut off is finished, the store is salvaged, what nobody can need goes.
 *
 * The store is held meanwhile, so nobody starts on what is half mended. Errors: REPAIR_BUSY, RESTORE_FAILED, STORE_*.
 */
import { finishRestore } from '../backup-restore.ts';
import { holdHome } from '../restore-home.ts';
import { isStoreMade } from '../store-mark.ts';
import { listLeftovers, removeLeftovers } from './leftovers.ts';
import { type RepairAnswer, type RepairPlan, repairStore } from './repair-store.ts';

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
}

/** Mends it. */
export async function repairHome(plan: HomeRepairPlan): Promise<HomeRepair> {
  const { home, socket, isAnswered, isDryRun, now } = plan;
  const held = await holdHome({ store: plan.store, isAnswered, busy: 'REPAIR_BUSY' });
  try {
    if (!isDryRun) await finishRestore(home);
    // First, while the store is surely held: who starts once it is free has made a socket of his own.
    const removed = await listLeftovers(home, { socket, now });
    if (!isDryRun) await removeLeftovers(removed);
    const store = (await isStoreMade(plan.store)) ? await repairStore(plan) : null;
    return { store, removed };
  } finally {
    await held?.release();
  }
}
