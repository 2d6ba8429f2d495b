/*
 * `wally upgrade NAME|--all`: this hub's version of the agent takes over on the boxes that ssh reaches.
 *
 * Work that runs goes on to its end there, and a version that does not come up is taken back. With `--all` a
 * few boxes go at a time; what is wrong with the version itself stops the rest, what is wrong with one box does
 * not. Leaving it leaves the boxes to themselves. Errors: WORKER_UNKNOWN, WORKER_REVOKED, UPGRADE_LEFT, USAGE_ARGUMENT.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { describeRow, type UpgradeNews, type UpgradeRow, upgradeWorker } from '../fleet/upgrade.ts';
import { upgradeAll } from '../fleet/upgrade-all.ts';
import type { Hub } from '../hub/hub.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import { getWorker } from './team.ts';
import { showTable } from './text.ts';
import { defineVerb, type Style } from './verb.ts';

/** Brings the version of this hub to workers. */
export const upgradeVerb = defineVerb({
  name: 'upgrade',
  summary: 'bring the agent of this hub’s version to a worker’s box',
  operands: ['name?'],
  flags: {
    all: { help: 'every worker that ssh reaches' },
    'dry-run': { help: 'look at the boxes and print what would be done' },
  },
  danger: 'changes',
  args: z.object({
    name: z.string().optional(),
    all: z.boolean().default(false),
    'dry-run': z.boolean().default(false),
  }),
  async run({ hub, item, onDrop }, args): Promise<readonly UpgradeRow[]> {
    const workers = choose(hub, args);
    const left = new AbortController();
    onDrop(() => left.abort());
    const tell = (news: UpgradeNews) => void item(news);
    const scene = { hub, tell, signal: left.signal };
    const how = args['dry-run'] ? 'plan' : 'do';
    const upgrade = (worker: WorkerRecord) => upgradeWorker(scene, worker, how);
    return upgradeAll({ upgrade, signal: left.signal }, workers);
  },
  showItem: (item, style) => showNews(item as UpgradeNews, style),
  show: (rows, style) =>
    rows.length === 0 ? 'There is no worker that ssh reaches.' : showRows(rows, style),
  exit: (rows) => (rows.every(({ as }) => isGood(as)) ? 0 : 1),
});

function choose(
  hub: Hub,
  { name, all }: { name?: string | undefined; all: boolean },
): readonly WorkerRecord[] {
  if (all === (name !== undefined)) {
    throw new AppError('USAGE_ARGUMENT', 'upgrade: give the NAME of a worker, or --all.');
  }
  if (name === undefined) {
    const trusted = hub.workers.list().filter(({ revokedAt }) => revokedAt === null);
    return trusted.filter(({ key }) => hub.boxes.find(key)?.ssh !== undefined);
  }
  const worker = getWorker(hub, name);
  if (worker.revokedAt !== null) throw new AppError('WORKER_REVOKED');
  return [worker];
}

function isGood(as: UpgradeRow['as']): boolean {
  return as === 'done' || as === 'current' || as === 'planned';
}

function showNews({ name, state, words, code }: UpgradeNews, style: Style): string {
  const line = `${name.padEnd(10)} ${words}${code === undefined ? '' : ` [${code}]`}`;
  if (state === 'done') return `${style.good('+')}  ${line}`;
  if (state === 'failed' || state === 'rolled-back') return `${style.bad('x')}  ${line}`;
  return style.dim(`…  ${line}`);
}

function showRows(rows: readonly UpgradeRow[], style: Style): string {
  const cells = rows.map((row) => [
    row.name,
    row.as,
    `${describeRow(row)}${row.code === undefined ? '' : ` [${row.code}]`}`,
  ]);
  return showTable(['NAME', 'AS', ''], cells, style);
}
