/*
 * `wally repair`: what can be made again is made again, and a damaged store is salvaged.
 *
 * It runs here and not in a hub, which could not start on what is to be mended. Nothing is removed but what nobody can
 * need; the old store is put aside. Exit status 1 where rows are missing. Errors: HOME_SILENT, REPAIR_BUSY, RESTORE_FAILED, STORE_*.
 */
import { join } from 'node:path';
import { nameAside } from '../../store/asides.ts';
import { openLevelKv } from '../../store/open.ts';
import { type HomeRepair, repairHome, showHome } from '../../store/salvage/repair-home.ts';
import { findMissingStore, putAsideOrphans } from '../../store/store-mark.ts';
import { findHubHome, type HubHome } from '../home.ts';
import { planMarkers, planNewLife } from '../hub/rebuild-rows.ts';
import { siftHubRows } from '../hub/sift-rows.ts';
import type { Program } from '../ports.ts';
import { assertAnswers } from './connect.ts';
import type { LocalVerb } from './local-verb.ts';
import { isAnswered } from './restore.ts';

interface Moment {
  readonly isDryRun: boolean;
  /** Wall milliseconds. */
  readonly now: number;
}

interface Repaired extends HomeRepair {
  readonly isDryRun: boolean;
  /** Markers that were made again. */
  readonly markers: number;
  /** Where lies what belonged to a store that is gone; null where it is not gone. */
  readonly orphansIn: string | null;
}

/** Mends a home at rest. */
export const repairVerb: LocalVerb = {
  name: 'repair',
  summary: 'mend a home without a hub: its store, and what follows from it',
  operands: [],
  flags: { 'dry-run': { help: 'read it all, and say what would be done' } },
  async run(program, { 'dry-run': dryRun }) {
    const home = findHubHome(program.env);
    await assertAnswers(program, home.directory);
    const value = await repair(program, home, dryRun === true);
    return { value, show: () => showAll(value), exit: isAnyMissing(value) ? 1 : 0 };
  },
};

function isAnyMissing({ store, orphansIn }: Repaired): boolean {
  const isLeftOut = store !== null && store.leftOut.length > 0;
  return store?.is === 'missing-rows' || isLeftOut || orphansIn !== null;
}

async function repair(program: Program, home: HubHome, isDryRun: boolean): Promise<Repaired> {
  const { clock, random } = program.ports;
  const { store, removed, wasCutOff } = await repairHome({
    ...{ home: home.directory, store: home.store, socket: home.socket, isDryRun, random },
    isAnswered: await isAnswered(home.socket),
    now: clock.wallMs(),
    adapt: (rows) => planNewLife(rows, random),
    sift: siftHubRows,
  });
  // A damaged store is opened by nobody before it is mended.
  const canOpen = store !== null && (!isDryRun || store.is === 'sound');
  const markers = canOpen ? await mark(home, { isDryRun, now: clock.wallMs() }) : 0;
  // Before the moves of a restore are over nothing is missing yet.
  const isPending = wasCutOff && isDryRun;
  const orphansIn = isPending ? null : await beginAnew(home, { isDryRun, now: clock.wallMs() });
  return { isDryRun, store, removed, wasCutOff, markers, orphansIn };
}

/** Where the store is gone: numbers of jobs begin at one again, and must not meet what was printed under them. */
async function beginAnew(home: HubHome, { isDryRun, now }: Moment): Promise<string | null> {
  if ((await findMissingStore(home)) === undefined) return null;
  const aside = join(home.directory, await nameAside(home.directory, now));
  const paths = [home.store, home.logs, home.artifacts, home.archive, home.audit];
  if (!isDryRun) await putAsideOrphans(home, { paths, aside });
  return aside;
}

async function mark(home: HubHome, { isDryRun, now }: Moment): Promise<number> {
  const kv = await openLevelKv(home.store);
  try {
    const ops = await planMarkers(kv, now);
    if (!isDryRun && ops.length > 0) await kv.batch(ops, 'synced');
    return ops.length;
  } finally {
    await kv.close();
  }
}

function showAll(repaired: Repaired): string {
  const { isDryRun, store, markers, removed, orphansIn } = repaired;
  const did = isDryRun ? 'would be' : 'was';
  const lines = [...showHome(repaired, isDryRun)];
  if (orphansIn !== null) {
    lines.push(
      `There was one, and it is gone. What belonged to it ${did} put aside in ${orphansIn}.`,
      'The next hub begins empty and knows no worker: invite them again. Whether a backup knows more: `wally restore FILE --dry-run`.',
    );
  }
  if (markers > 0) {
    const were = isDryRun ? 'would be' : 'were';
    lines.push(`${markers} markers of jobs and decisions: ${were} made again`);
  }
  lines.push(...removed.map((path) => `${path}: ${did} removed`));
  if (store?.is === 'missing-rows' && !isDryRun) {
    lines.push(
      'This hub begins a new life: what is known here and workers hold is settled as lost when they come, and asked about.',
      'What they hold and is not known here any more they are told to end, and nobody is asked: `wally events` names it.',
      'Whether a backup knows more: `wally restore FILE --dry-run`.',
    );
  }
  return lines.join('\n');
}
