/*
 * The workers of a hub that does not run, read from its rows.
 *
 * Errors: STORE_*.
 */
import { prefixRange } from '../../store/keys.ts';
import type { Kv } from '../../store/kv.ts';
import { readRow } from '../../store/row-codec.ts';
import { type WorkerRecord, workerRowSchema } from '../manager/worker.ts';

/** Workers that a hub may know. */
const workersReadMax = 100_000;

/** Names of those that are trusted. */
export async function readWorkers(kv: Pick<Kv, 'range'>): Promise<readonly string[]> {
  return listTrustedNames(await readWorkerRecords(kv));
}

/** All that were ever trusted. */
export async function readWorkerRecords(kv: Pick<Kv, 'range'>): Promise<readonly WorkerRecord[]> {
  const range = { ...prefixRange('w/'), countMax: workersReadMax, order: 'ascending' } as const;
  return (await kv.range(range)).map((row) => readRow(workerRowSchema, row));
}

/** Names of those among them that are trusted. */
export function listTrustedNames(workers: readonly WorkerRecord[]): readonly string[] {
  return workers.filter(({ revokedAt }) => revokedAt === null).map(({ name }) => name);
}
