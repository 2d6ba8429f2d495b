/*
 * Which of several boxes are upgraded, and when no more is begun.
 *
 * A few go at a time, in their order. What is wrong with the version itself would be wrong on the next box too, so
 * nothing more is begun then; what is wrong with one box stops no other. What was begun is seen through.
 */
import type { WorkerRecord } from '../manager/worker.ts';
import { upgradesAtOnce } from './limits.ts';
import type { UpgradeRow } from './upgrade.ts';

/** How they are done. */
export interface UpgradeRound {
  /** Does one. Never rejects. */
  readonly upgrade: (worker: WorkerRecord) => Promise<UpgradeRow>;
  /** Who asked has left. */
  readonly signal: AbortSignal;
}

/** Rows in the order of the workers; of one that was not begun it says why. */
export async function upgradeAll(
  { upgrade, signal }: UpgradeRound,
  workers: readonly WorkerRecord[],
): Promise<readonly UpgradeRow[]> {
  const rows = new Map<string, UpgradeRow>();
  const waiting = [...workers];
  let stopper: UpgradeRow | undefined;
  const work = async () => {
    while (stopper === undefined && !signal.aborted) {
      const next = waiting.shift();
      if (next === undefined) return;
      const row = await upgrade(next);
      rows.set(next.name, row);
      if (isAboutVersion(row)) stopper ??= row;
    }
  };
  await Promise.all(Array.from({ length: upgradesAtOnce }, work));
  const message =
    stopper === undefined
      ? 'it was left before this was begun'
      : `not begun, because of what came of ${stopper.name}: the version is at fault, not the box`;
  return workers.map(
    ({ name }) => rows.get(name) ?? { name, from: null, to: null, as: 'left', message },
  );
}

/** Would the next box fare the same? */
function isAboutVersion({ as, code = '' }: UpgradeRow): boolean {
  if (as === 'rolled-back') return true;
  const own = [
    'UPGRADE_CHECK',
    'VERSION_TAMPERED',
    'INSTALL_BUNDLE',
    'INSTALL_RUNTIME',
    'INSTALL_TAMPERED',
  ];
  return as === 'failed' && own.includes(code);
}
