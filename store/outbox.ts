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
import { streamsMax } from './limits.ts';
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
 * The changes for "all up to `through` is acknowledged": the mark, and the deletion of the rows above
 * `removed`, below which there are none. The caller has checked that `through` was ever sent.
 */
export function planAcked(
  stream: Stream,
  { removed, through }: { readonly removed: number; readonly through: number },
): readonly KvOp[] {
  const ops: KvOp[] = [planRow(ackedKey(stream), through)];
  for (let seq = removed + 1; seq <= through; seq += 1) {
    ops.push({ type: 'del', key: outboxKey(stream, seq) });
  }
  return ops;
}

/**
 * The changes that take every waiting message of a stream away: its peer's store is gone, so nobody
 * may ever be given them. The acknowledged mark stays, by which a retired stream is known again.
 */
export function planRetire(
  stream: Stream,
  { removed, queued }: { readonly removed: number; readonly queued: number },
): readonly KvOp[] {
  const ops: KvOp[] = [planRow(ackedKey(stream), queued)];
  for (let seq = removed + 1; seq <= queued; seq += 1) {
    ops.push({ type: 'del', key: outboxKey(stream, seq) });
  }
  return ops;
}

/** The highest number that the peer acknowledged; 0 when none was. */
export async function readAcked(kv: Kv, stream: Stream): Promise<number> {
  return (await findRow(kv, ackedKey(stream), seqSchema)) ?? 0;
}

/** The number below the lowest row that is still there; `none` where there is no row. */
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
