/*
 * The outbox: messages that wait to be acknowledged, as rows.
 *
 * Planning over a store: it reads, and gives back the changes for its caller's batch, so that a
 * message is stored together with what it reports. A stream's numbers rise for ever, also when all
 * its rows are gone: the acknowledged mark remembers. Rows leave only by an acknowledgement.
 * Source: reliability facts, R2 to R4.
 */
import { z } from 'zod';
import type { Stream } from './keys.ts';
import { ackedKey, findStream, getSeq, outboxKey, outboxPrefix, prefixRange } from './keys.ts';
import type { Kv, KvOp } from './kv.ts';
import { ackedRowsMax, streamsMax } from './limits.ts';
import { findRow, planRow } from './row-codec.ts';

/** One message of a stream, as it was stored. */
export interface OutboxEntry {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

const seqSchema = z.number().int().nonnegative();

/** Stores one message under its number, which must be the last one plus one. */
export function planAppend(stream: Stream, seq: number, bytes: Uint8Array): KvOp {
  return { type: 'put', key: outboxKey(stream, seq), value: bytes };
}

/** Up to `countMax` messages above `afterSeq`, lowest first. */
export async function readOutbox(
  kv: Kv,
  stream: Stream,
  { afterSeq, countMax }: { readonly afterSeq: number; readonly countMax: number },
): Promise<readonly OutboxEntry[]> {
  const { lt } = prefixRange(outboxPrefix(stream));
  const gte = outboxKey(stream, afterSeq + 1);
  const rows = await kv.range({ gte, lt, countMax, order: 'ascending' });
  return rows.map(({ key, value }) => ({ seq: getSeq(key), bytes: value }));
}

/**
 * The changes for "all up to `seq` is acknowledged": the mark, and the deletion of up to
 * `ackedRowsMax` rows; rows beyond that go with the next acknowledgement. Empty where the mark is
 * already there and no row is left below it. The caller has checked that `seq` was ever sent.
 */
export async function planAcked(kv: Kv, stream: Stream, seq: number): Promise<readonly KvOp[]> {
  const acked = await readAcked(kv, stream);
  const mark = Math.max(acked, seq);
  const range = { gte: outboxPrefix(stream), lt: outboxKey(stream, mark + 1) };
  const rows = await kv.range({ ...range, countMax: ackedRowsMax, order: 'ascending' });
  const deletes = rows.map(({ key }): KvOp => ({ type: 'del', key }));
  return mark > acked ? [planRow(ackedKey(stream), mark), ...deletes] : deletes;
}

/**
 * The changes that take every waiting message of a stream away: its peer's store is gone, so nobody
 * may ever be given them. The acknowledged mark stays, by which a retired stream is known again.
 */
export function planRetire(
  stream: Stream,
  { acked, queued }: { readonly acked: number; readonly queued: number },
): readonly KvOp[] {
  const ops: KvOp[] = [planRow(ackedKey(stream), queued)];
  for (let seq = acked + 1; seq <= queued; seq += 1) {
    ops.push({ type: 'del', key: outboxKey(stream, seq) });
  }
  return ops;
}

/** The highest number that the peer acknowledged; 0 when none was. */
export async function readAcked(kv: Kv, stream: Stream): Promise<number> {
  return (await findRow(kv, ackedKey(stream), seqSchema)) ?? 0;
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
