/*
 * The rows of a range, one after the other, read a page at a time.
 *
 * What comes behind the row that was given last is seen, also where it was written meanwhile. It changes nothing.
 * Errors: STORE_*.
 */
import type { KeyRange } from './keys.ts';
import type { Kv, KvRow } from './kv.ts';

/** Rows that are read in one go. */
const pageRows = 512;

/** All of them, in the order of their keys. */
export async function* readAll(kv: Pick<Kv, 'range'>, range: KeyRange): AsyncGenerator<KvRow> {
  let { gte } = range;
  for (;;) {
    const rows = await kv.range({ ...range, gte, countMax: pageRows, order: 'ascending' });
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageRows) return;
    gte = `${last.key}\0`;
  }
}
