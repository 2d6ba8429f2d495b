/*
 * Format 2 to 3: the events of a batch share a row of the journal.
 *
 * No row is changed: one of format 2 is read for ever as a row with one event. Only the number goes up,
 * because a program of format 2 would take a shared row for damage, and so must refuse the store.
 */
import type { KvOp } from '../kv.ts';

/** Plans nothing; the new number alone is written. */
export function shareEventRows(): Promise<readonly KvOp[]> {
  return Promise.resolve([]);
}
