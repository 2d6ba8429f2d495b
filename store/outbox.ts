/*
 * The outbox: messages that wait to be acknowledged, as rows of one or of many.
 *
 * Planning over a store: it reads, and gives back the changes for its caller's batch, so that a
 * message is stored together with what it reports. A stream's numbers rise for ever, also when all
 * its rows are gone: the acknowledged mark remembers. Rows leave only by an acknowledgement. Invariant: a row's key is
 * the number of its last message, so that the rows from a number on hold all messages from it on.
 * Source: reliability facts, R2 to R4.
 */
import { z } from 'zod';
import { encodeValue } from '../protocol/codec.ts';
import { splitRuns } from '../protocol/data-frames.ts';
import type { Stream } from './keys.ts';
import { ackedKey, findStream, getSeq, outboxKey, outboxPrefix, prefixRange } from './keys.ts';
import type { Kv, KvOp, KvRow } from './kv.ts';
import { outboxRowsPerRead, streamsMax } from './limits.ts';
import { findRow, planRow, readRow } from './row-codec.ts';

/** One message of a stream, as it was stored. */
export interface OutboxEntry {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

const seqSchema = z.number().int().nonnegative();
const pageSchema = z.array(z.instanceof(Uint8Array)).min(1);

/** Stores one message under its number, which must be the last one plus one. */
export function planAppend(stream: Stream, seq: number, bytes: Uint8Array): KvOp {
  return { type: 'put', key: outboxKey(stream, seq), value: bytes };
}

/** Stores messages, lowest first: what would share a frame shares a row. */
export function planPages(stream: Stream, entries: readonly OutboxEntry[]): readonly KvOp[] {
  return splitRuns(entries).map((page) => {
    const [first] = page;
    const key = outboxKey(stream, page.at(-1)?.seq ?? 0);
    const isAlone = page.length === 1 && first !== undefined;
    const value = isAlone ? first.bytes : encodeValue(page.map(({ bytes }) => bytes));
    return { type: 'put', key, value };
  });
}

/** The messages of a row: a message is a map, and several are a list. Errors: STORE_DAMAGED. */
export function readPage(row: KvRow): readonly OutboxEntry[] {
  const last = getSeq(row.key);
  if (!isList(row.value)) return [{ seq: last, bytes: row.value }];
  const page = readRow(pageSchema, row);
  return page.map((bytes, index) => ({ seq: last - page.length + 1 + index, bytes }));
}

/** By the first byte of a list in msgpack. */
function isList([head = 0]: Uint8Array): boolean {
  return (head & 0xf0) === 0x90 || head === 0xdc || head === 0xdd;
}

/** Up to `countMax` messages above `afterSeq`, lowest first. Errors: STORE_DAMAGED, STORE_IO. */
export async function readOutbox(
  kv: Kv,
  stream: Stream,
  { afterSeq, countMax }: { readonly afterSeq: number; readonly countMax: number },
): Promise<readonly OutboxEntry[]> {
  const { lt } = prefixRange(outboxPrefix(stream));
  let gte = outboxKey(stream, afterSeq + 1);
  const found: OutboxEntry[] = [];
  while (found.length < countMax) {
    const rowsMax = Math.min(outboxRowsPerRead, countMax - found.length);
    const rows = await kv.range({ gte, lt, countMax: rowsMax, order: 'ascending' });
    for (const row of rows) {
      for (const entry of readPage(row)) if (entry.seq > afterSeq) found.push(entry);
      gte = `${row.key}\0`;
    }
    if (rows.length < rowsMax) break;
  }
  return found.slice(0, countMax);
}

/**
 * The changes for "all up to `through` is acknowledged": the mark, and the deletion of these rows, by the numbers of
 * their last messages; a number without a row is no harm. The caller has checked that `through` was ever sent. Where a
 * stream is retired, because its peer's store is gone, so is all that waits: by its mark it is known again.
 */
export function planAcked(
  stream: Stream,
  { through, rows }: { readonly through: number; readonly rows: readonly number[] },
): readonly KvOp[] {
  const gone = rows.map((seq) => ({ type: 'del', key: outboxKey(stream, seq) }) as const);
  return [planRow(ackedKey(stream), through), ...gone];
}

/** The highest number that the peer acknowledged; 0 when none was. */
export async function readAcked(kv: Kv, stream: Stream): Promise<number> {
  return (await findRow(kv, ackedKey(stream), seqSchema)) ?? 0;
}

/** A number below which no row is left; `none` where there is no row at all. */
export async function readRemoved(kv: Kv, stream: Stream, none: number): Promise<number> {
  const range = prefixRange(outboxPrefix(stream));
  const [first] = await kv.range({ ...range, countMax: 1, order: 'ascending' });
  return first === undefined ? none : getSeq(first.key) - 1;
}

/** The highest number ever given in this stream; 0 when none was. The next message gets one more. */
export async function readLastSeq(kv: Kv, stream: Stream): Promise<number> {
  const range = prefixRange(outboxPrefix(stream));
  const [last] = await kv.range({ ...range, countMax: 1, order: 'descending' });
  return Math.max(last === undefined ? 0 : getSeq(last.key), await readAcked(kv, stream));
}

/** Every stream that ever held a message, at most `streamsMax`; those with rows waiting first. */
export async function listStreams(kv: Kv): Promise<readonly Stream[]> {
  const streams = new Map<string, Stream>();
  for (const prefix of ['o/', 'oa/']) {
    let { gte, lt } = prefixRange(prefix);
    // Jumps from stream to stream, so that the number of rows in each does not matter.
    while (streams.size < streamsMax) {
      const [row] = await kv.range({ gte, lt, countMax: 1, order: 'ascending' });
      if (row === undefined) break;
      const stream = findStream(row.key);
      if (stream !== undefined) streams.set(ackedKey(stream), stream);
      gte =
        prefix === 'o/' && stream !== undefined
          ? prefixRange(outboxPrefix(stream)).lt
          : `${row.key}\0`;
    }
  }
  return [...streams.values()];
}
