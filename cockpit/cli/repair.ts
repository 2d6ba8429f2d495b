/*
 * `wally repair`: what can be made again is made again, and a damaged store is salvaged.
 *
 * It runs here and not in a hub, which could not start on what is to be mended. Nothing is removed but what nobody can
 * need; the old store is put aside. Exit status 1 where rows are missing. Errors: REPAIR_BUSY, RESTORE_FAILED, STORE_*.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { finishRestore } from '../../store/backup-restore.ts';
import { openLevelKv } from '../../store/open.ts';
import { holdHome } from '../../store/restore-home.ts';
import { listLeftovers, removeLeftovers } from '../../store/salvage/leftovers.ts';
import { type RepairAnswer, repairStore, showRepair } from '../../store/salvage/repair-store.ts';
import { findHubHome, type HubHome } from '../home.ts';
import { planMarkers, planNewLife } from '../hub/rebuild-rows.ts';
import type { Program } from '../ports.ts';
import type { LocalVerb } from './local-verb.ts';
import { isAnswered } from './restore.ts';

interface Repaired {
  readonly isDryRun: boolean;
  /** Null where no store was ever made. */
  readonly store: RepairAnswer | null;
  /** Markers that were made again. */
  readonly markers: number;
  readonly removed: readonly string[];
}

/** Mends a home at rest. */
export const repairVerb: LocalVerb = {
  name: 'repair',
  summary: 'mend a home without a hub: its store, and what follows from it',
  operands: [],
  flags: { 'dry-run': { help: 'read it all, and say what would be done' } },
  async run(program, { 'dry-run': dryRun }) {
    const home = findHubHome(program.env);
    const value = await repair(program, home, dryRun === true);
    const exit = value.store?.is === 'missing-rows' ? 1 : 0;
    return { value, show: () => showAll(value), exit };
  },
};

async function repair(program: Program, home: HubHome, isDryRun: boolean): Promise<Repaired> {
  const { clock, random } = program.ports;
  const now = clock.wallMs();
  const busy = 'REPAIR_BUSY';
  const held = await holdHome({
    store: home.store,
    isAnswered: await isAnswered(home.socket),
    busy,
  });
  let store: RepairAnswer | null = null;
  try {
    if (!isDryRun) await finishRestore(home.directory);
    if (await isMade(home.store)) {
      const plan = { home: home.directory, store: home.store, now, random, isDryRun };
      store = await repairStore({ ...plan, adapt: (rows) => planNewLife(rows, random) });
    }
  } finally {
    await held?.release();
  }
  const removed = await listLeftovers(home.directory, { socket: home.socket, now });
  if (!isDryRun) await removeLeftovers(removed);
  // A damaged store is opened by nobody before it is mended.
  const canOpen = store !== null && (!isDryRun || store.is === 'sound');
  return { isDryRun, store, removed, markers: canOpen ? await mark(home, isDryRun) : 0 };
}

async function mark(home: HubHome, isDryRun: boolean): Promise<number> {
  const kv = await openLevelKv(home.store);
  try {
    const ops = await planMarkers(kv);
    if (!isDryRun && ops.length > 0) await kv.batch(ops, 'synced');
    return ops.length;
  } finally {
    await kv.close();
  }
}

function isMade(store: string): Promise<boolean> {
  return access(join(store, 'CREATED')).then(
    () => true,
    () => false,
  );
}

function showAll({ isDryRun, store, markers, removed }: Repaired): string {
  const did = isDryRun ? 'would be' : 'was';
  const lines = [store === null ? 'There is no store.' : showRepair(store)];
  if (markers > 0) lines.push(`${markers} markers of jobs and decisions: ${did} made again`);
  lines.push(...removed.map((path) => `${path}: ${did} removed`));
  if (store?.is === 'missing-rows' && !isDryRun) {
    lines.push(
      'This hub begins a new life: what workers hold of it is settled as lost when they come, and asked about.',
      'Whether a backup knows more: `wally restore FILE --dry-run`.',
    );
  }
  return lines.join('\n');
}
