/*
 * Format 5 to 6: the attempts that an agent holds are a log of their changes, no longer a row each.
 *
 * The value of each row becomes the only entry of one in the log, as it is: what it says is its owner's business, and what cannot be
 * read stays so. A program of format 5 would hold none of them, and so must refuse the store.
 */
import { heldKey, prefixRange } from '../keys.ts';
import type { Kv, KvOp } from '../kv.ts';
import { readAll } from '../read-all.ts';
import { planRow } from '../row-codec.ts';

/** Plans a row of the log for each of `a/`, which go. */
export async function logHeldAttempts(kv: Kv): Promise<readonly KvOp[]> {
  const ops: KvOp[] = [];
  let n = 0;
  for await (const { key, value } of readAll(kv, prefixRange('a/'))) {
    n += 1;
    ops.push({ type: 'del', key }, planRow(heldKey(n), [value]));
  }
  return ops;
}
