/*
 * Format 4 to 5: what ends in one batch shares a row in the order of ends, and a job's row says no instant whole.
 *
 * No row is changed: those of format 4 are read for ever. Only the number goes up, because a program of format 4 would take the
 * new ones for damage, and so must refuse the store.
 */
import type { KvOp } from '../kv.ts';

/** Plans nothing; the new number alone is written. */
export function shareEndRows(): Promise<readonly KvOp[]> {
  return Promise.resolve([]);
}
