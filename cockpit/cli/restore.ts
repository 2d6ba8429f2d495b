/*
 * `wally restore FILE`: a backup put back into this home, with what was there put aside.
 *
 * It runs here and not in a hub, because none may run. Errors: HOME_SILENT, HUB_RUNNING, BACKUP_*, RESTORE_FAILED.
 */
import { readdir } from 'node:fs/promises';
import { AppError } from '../../protocol/errors.ts';
import { dialUnix } from '../../protocol/transports/unix.ts';
import { showRestore } from '../../store/backup-text.ts';
import { openHome } from '../../store/home.ts';
import { workerKey } from '../../store/keys.ts';
import type { Kv, KvOp } from '../../store/kv.ts';
import { readLastSeq } from '../../store/outbox.ts';
import { restoreHome } from '../../store/restore-home.ts';
import { planRow } from '../../store/row-codec.ts';
import { salvageStore } from '../../store/salvage/salvage.ts';
import { findHubHome, type HubHome } from '../home.ts';
import { findNextJob, nextJobKey, readNextJob } from '../hub/next-job.ts';
import { readWorkerRecords } from '../hub/read-workers.ts';
import { assertAnswers } from './connect.ts';
import type { LocalVerb } from './local-verb.ts';

/** Restores. */
export const restoreVerb: LocalVerb = {
  name: 'restore',
  summary: 'put a backup back; what is there is put aside',
  operands: ['file'],
  flags: { 'dry-run': { help: 'read and prove it all, and say what would be done' } },
  paths: ['file'],
  async run(program, { file, 'dry-run': dryRun }) {
    const home = findHubHome(program.env);
    const isDryRun = dryRun === true;
    if (typeof file !== 'string') throw new AppError('USAGE_ARGUMENT', 'restore: name a FILE.');
    await assertAnswers(program, home.directory);
    if (!isDryRun) await openHome(home.directory);
    const answer = await restoreHome({
      ...{ file, isDryRun, store: home.store, directory: home.directory },
      program: 'wally',
      amend: async (kv) => [...(await keepNumbers(kv, home)), ...(await markSent(kv))],
      now: program.ports.clock.wallMs(),
      isAnswered: await isAnswered(home.socket),
      busy: 'HUB_RUNNING',
    });
    const value = { ...answer, isDryRun };
    return { value, show: () => showRestore(answer, isDryRun ? 'planned' : 'done') };
  },
};

/**
 * The number of a job whose log lies in this home, or which the store knows that is put aside now, is given to no other
 * job, also where it was given after the backup.
 */
async function keepNumbers(kv: Kv, home: HubHome): Promise<readonly KvOp[]> {
  const names = await Promise.all(
    [home.logs, home.artifacts].map((folder) => readdir(folder).catch(() => [])),
  );
  const logged = names.flat().map((name) => Number(/^J(\d+)\./.exec(name)?.[1] ?? 0));
  const next = logged.reduce((most, one) => Math.max(most, one), 0) + 1;
  // The old store may be damaged, or gone: that is why one restores.
  const { rows } = await salvageStore(home.store).catch(() => ({ rows: [] }));
  return [planRow(nextJobKey, Math.max(await readNextJob(kv), next, findNextJob(rows)))];
}

/**
 * What was queued when the backup was made is all that this store's workers can have from it: one that has more has served
 * since then, and is refused, however much is queued by the time that it comes.
 */
async function markSent(kv: Kv): Promise<readonly KvOp[]> {
  const ops: KvOp[] = [];
  for (const worker of await readWorkerRecords(kv)) {
    if (worker.store === null || worker.sentMax !== undefined) continue;
    const sentMax = await readLastSeq(kv, { peer: worker.key, store: worker.store });
    ops.push(planRow(workerKey(worker.key), { ...worker, sentMax }));
  }
  return ops;
}

/** Is somebody behind this socket? */
export async function isAnswered(path: string): Promise<boolean> {
  const link = await dialUnix(path).catch(() => undefined);
  link?.close('closed');
  return link !== undefined;
}
