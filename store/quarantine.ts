/*
 * The quarantine: messages that could not be applied, kept for a person to look at.
 *
 * A row is written in the batch that passes the message by, so that its stream goes on; it holds the
 * first bytes and the instant, by which it ages out. Rows of older versions are bare bytes: they bear
 * no instant and go only over the cap.
 */
import { z } from 'zod';
import { decodeValue } from '../protocol/codec.ts';
import { quarantineBytesMax } from '../protocol/limits.ts';
import type { PeerKey } from '../protocol/model.ts';
import { getSeq, prefixRange, quarantineKey } from './keys.ts';
import type { Kv, KvOp, KvRow } from './kv.ts';
import { planRow } from './row-codec.ts';

/** One message that was set aside; `at` is wall milliseconds, undefined where nobody noted it. */
export interface Quarantined {
  readonly key: string;
  readonly peer: PeerKey;
  readonly seq: number;
  readonly at: number | undefined;
  readonly bytes: Uint8Array;
}

const rowSchema = z.object({
  at: z.number(),
  bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
});

/** Sets one message aside; for the batch that moves its stream's mark beyond it. */
export function planQuarantine(
  peer: PeerKey,
  { seq, bytes }: { readonly seq: number; readonly bytes: Uint8Array },
  at: number,
): KvOp {
  const kept = bytes.slice(0, quarantineBytesMax);
  return planRow(quarantineKey(peer, seq), { at, bytes: kept });
}

/** Up to `countMax` of them, by peer and number. Errors: STORE_IO. */
export async function readQuarantine(kv: Kv, countMax: number): Promise<readonly Quarantined[]> {
  const rows = await kv.range({ ...prefixRange('q/'), countMax, order: 'ascending' });
  return rows.map(readQuarantined);
}

/** Those that are over the age or over the count, the oldest first. Pure. */
export function listAged(
  rows: readonly Quarantined[],
  { before, countMax }: { readonly before: number; readonly countMax: number },
): readonly Quarantined[] {
  const byAge = rows.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0));
  const overCount = Math.max(0, byAge.length - countMax);
  return byAge.filter(({ at }, index) => index < overCount || (at !== undefined && at < before));
}

/** The message as a line of an export. */
export function describeQuarantined({ peer, seq, at, bytes }: Quarantined): object {
  const base64 = Buffer.from(bytes).toString('base64');
  const noted = at === undefined ? null : new Date(at).toISOString();
  return { type: 'quarantine', peer, seq, at: noted, base64 };
}

function readQuarantined({ key, value }: KvRow): Quarantined {
  const [, peer = ''] = key.split('/');
  return { key, peer, seq: getSeq(key), ...readValue(value) };
}

/** It is kept because it could not be read; so nothing about it may be taken for granted. */
function readValue(value: Uint8Array): Pick<Quarantined, 'at' | 'bytes'> {
  try {
    return rowSchema.parse(decodeValue(value));
  } catch {
    return { at: undefined, bytes: value };
  }
}
