/*
 * The number of the next job: a row notes it, so that the number of a forgotten job is given to no other.
 *
 * Errors: STORE_*.
 */
import { z } from 'zod';
import { metaKey } from '../../store/keys.ts';
import type { Kv, KvRow } from '../../store/kv.ts';
import { findRow, isReadable, readRow } from '../../store/row-codec.ts';

/** Its row. */
export const nextJobKey = metaKey('next-job');

/** The shape of that row. */
export const nextJobSchema = z.number().int().positive();

/** As it was noted when jobs were last removed; 1 where none were. Jobs that were made since then may bear it. */
export async function readNextJob(kv: Kv): Promise<number> {
  return (await findRow(kv, nextJobKey, nextJobSchema)) ?? 1;
}

/** The first number that none of these rows, in the order of their keys, has given; 1 where they say nothing of it. */
export function findNextJob(rows: readonly KvRow[]): number {
  const noted = rows.find((row) => row.key === nextJobKey && isReadable(nextJobSchema, row));
  const last = rows.findLast(({ key }) => key.startsWith('j/'));
  return Math.max(
    noted === undefined ? 1 : readRow(nextJobSchema, noted),
    last === undefined ? 1 : Number(last.key.slice('j/'.length)) + 1,
  );
}
