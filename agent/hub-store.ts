/*
 * Which of the hub's stores this agent's streams are with, as its own store remembers it.
 *
 * One row; it is written in adoption only, after the old streams were settled.
 */
import { metaKey } from '../store/keys.ts';
import type { Kv, KvOp } from '../store/kv.ts';

const hubStoreKey = metaKey('hub-store');

/** The hub's store as last adopted; null before the first. Errors: STORE_IO. */
export async function readHubStore(kv: Kv): Promise<string | null> {
  const bytes = await kv.get(hubStoreKey);
  return bytes === undefined ? null : new TextDecoder().decode(bytes);
}

/** The change that remembers it. */
export function planHubStore(hubStore: string): KvOp {
  return { type: 'put', key: hubStoreKey, value: new TextEncoder().encode(hubStore) };
}
