/*
 * `wally team` and its parts: who is there, and what becomes of them.
 *
 * Errors: WORKER_UNKNOWN, WORKER_NAME, WORKER_NAME_TAKEN, WORKER_REVOKED.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { formatFingerprint } from '../../protocol/fingerprint.ts';
import type { Hub } from '../hub/hub.ts';
import { assertFreeName } from '../manager/names.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import { presentTeam, presentWorker } from './present.ts';
import type { TeamRow } from './shapes.ts';
import { describeOrigin, listJobs, showTable, showTeam } from './text.ts';
import { defineVerb, type Style } from './verb.ts';

const nameArgument = z.object({ name: z.string() });

/** Everybody. */
export const teamVerb = defineVerb({
  name: 'team',
  summary: 'list the workers',
  operands: [],
  flags: {},
  danger: 'looks',
  args: z.object({}),
  run: async ({ hub }) => presentTeam(hub),
  show: showTeam,
});

/** One worker and its box. */
export const teamShowVerb = defineVerb({
  name: 'team show',
  summary: 'show one worker and its box',
  operands: ['name'],
  flags: {},
  danger: 'looks',
  args: nameArgument,
  run: async ({ hub }, { name }) => presentWorker(hub, getWorker(hub, name)),
  show: showWorker,
});

/** A new name for a worker. */
export const teamRenameVerb = defineVerb({
  name: 'team rename',
  summary: 'give a worker another name',
  operands: ['name', 'to'],
  flags: {},
  danger: 'changes',
  args: z.object({ name: z.string(), to: z.string() }),
  async run({ hub }, { name, to }) {
    const worker = getWorker(hub, name);
    const isOwn = worker.name === to || worker.formerNames.includes(to);
    assertFreeName(to, isOwn ? new Set() : hub.workers.listTakenNames());
    const formerNames = [...new Set([...worker.formerNames, worker.name])].filter(
      (was) => was !== to,
    );
    await hub.workers.save({ ...worker, name: to, formerNames }, 'worker-renamed', []);
    return presentWorker(hub, getWorker(hub, to));
  },
  show: (row) => `It is ${row.name} now.`,
});

/** The end of trust in a worker. */
export const teamRevokeVerb = defineVerb({
  name: 'team revoke',
  summary: 'end the trust in a worker and its connection at once',
  operands: ['name'],
  flags: {},
  danger: 'destroys',
  args: nameArgument,
  async run({ hub }, { name }) {
    const worker = getWorker(hub, name);
    if (worker.revokedAt !== null) throw new AppError('WORKER_REVOKED');
    await hub.revoke(worker);
    return presentWorker(hub, getWorker(hub, name));
  },
  show: (row) => `${row.name} is no longer trusted.`,
});

/** The worker of this name. Errors: WORKER_UNKNOWN. */
export function getWorker(hub: Hub, name: string): WorkerRecord {
  const worker = hub.workers.findByName(name);
  if (worker !== undefined) return worker;
  const isCockpit = hub.cockpits.list().some((cockpit) => cockpit.name === name);
  const hint = isCockpit ? ' It is a cockpit: see `wally cockpits`.' : '';
  throw new AppError('WORKER_UNKNOWN', `There is no worker named "${name}".${hint}`);
}

function describeLoad({ load, capabilities }: TeamRow): string {
  if (load == null) return 'not told yet';
  const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  const disk = load.diskFreeBytes === undefined ? '' : `, disk ${mib(load.diskFreeBytes)} free`;
  const cpus = capabilities === null ? '' : ` on ${capabilities.cpus} cpus`;
  return `${load.cpuLoad}${cpus}, memory ${mib(load.memoryFreeBytes)} free${disk}`;
}

/** A row a line; the box's own words. */
function describePolicy({ policy }: TeamRow): string[][] {
  if (policy == null) return [['policy', 'not told yet']];
  const words = { open: 'its box forbids nothing', ruled: '', broken: 'broken' }[policy.is];
  const lines = [words, ...policy.lines].filter((line) => line !== '');
  return lines.map((line, at) => [at === 0 ? 'policy' : '', line]);
}

function showWorker(row: TeamRow, style: Style): string {
  const { capabilities } = row;
  const box =
    capabilities === null
      ? ['box', 'not seen yet']
      : [
          'box',
          `${capabilities.os} ${capabilities.arch}, ${capabilities.cpus} cpus, ` +
            `${Math.round(capabilities.memoryBytes / 2 ** 30)} GiB`,
        ];
  const rows = [
    ['host', row.host],
    ...(row.provider == null ? [] : [['from', describeOrigin(row)]]),
    ['state', row.state],
    ['link', row.linkReason == null ? row.link : `${row.link}: ${row.linkReason}`],
    ['jobs', listJobs(row.jobs)],
    box,
    ['load', describeLoad(row)],
    ['runs', `odally ${row.version ?? '?'}, node ${capabilities?.node ?? '?'}`],
    ['has', capabilities?.has.join(' ') ?? '-'],
    ...describePolicy(row),
    ['key', row.key],
    ['in words', formatFingerprint(row.key)],
  ];
  return showTable([row.name, ''], rows, style);
}
