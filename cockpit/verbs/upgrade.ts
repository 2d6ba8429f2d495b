/*
 * `wally upgrade NAME|--all`: this hub's version of the agent takes over on the boxes that ssh reaches.
 *
 * Work that runs goes on to its end there, and a version that does not come up is taken back. With `--all` a
 * few boxes go at a time; what is wrong with the version itself stops the rest, what is wrong with one box does
 * not. Leaving it leaves the boxes to themselves. Errors: WORKER_UNKNOWN, WORKER_REVOKED, UPGRADE_LEFT, USAGE_ARGUMENT.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { upgradesAtOnce } from '../fleet/limits.ts';
import {
  describeRow,
  type UpgradeNews,
  type UpgradeRow,
  type UpgradeScene,
  upgradeWorker,
} from '../fleet/upgrade.ts';
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
    return upgradeAll(scene, workers, args['dry-run'] ? 'plan' : 'do');
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

/** A few at a time, in their order; rows in the order of the workers. */
async function upgradeAll(
  scene: UpgradeScene,
  workers: readonly WorkerRecord[],
  how: 'do' | 'plan',
): Promise<readonly UpgradeRow[]> {
  const rows = new Map<string, UpgradeRow>();
  const waiting = [...workers];
  let isStopped = false;
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (isStopped || scene.signal.aborted) continue;
      const row = await upgradeWorker(scene, next, how);
      rows.set(next.name, row);
      isStopped ||= isAboutVersion(row);
    }
  };
  await Promise.all(Array.from({ length: upgradesAtOnce }, work));
  return workers.map(({ name }) => rows.get(name) ?? { name, from: null, to: null, as: 'left' });
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
  return showTable(['name', 'as', ''], cells, style);
}
