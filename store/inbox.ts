/*
 * The inbox: how far each incoming stream was applied.
 *
 * One number a stream is the whole memory against duplicates, because streams are applied in
 * order. The mark must go into the same batch as the effect of its message, never before or after.
 * Source: reliability facts, R3.
 */
import { z } from 'zod';
import type { Stream } from './keys.ts';
import { receivedKey } from './keys.ts';
import type { Kv, KvOp } from './kv.ts';
import { findRow, planRow } from './row-codec.ts';

const seqSchema = z.number().int().nonnegative();

/** The highest number that was applied; 0 when none was. Errors: STORE_DAMAGED, STORE_IO. */
export async function readReceived(kv: Kv, stream: Stream): Promise<number> {
  return (await findRow(kv, receivedKey(stream), seqSchema)) ?? 0;
}

/** Says that all up to `seq` is applied; for the batch that applies it. */
export function planReceived(stream: Stream, seq: number): KvOp {
  return planRow(receivedKey(stream), seq);
}
