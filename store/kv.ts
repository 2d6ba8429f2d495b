/*
 * The store contract: an ordered map of bytes with atomic batches.
 *
 * Everything durable (outbox, inbox marks, jobs, attempts, journal, workers) is rows of this map,
 * so that one message and all it changes go to disk in one batch. Two implementations, `level` and
 * in-memory, pass one suite (test/conformance/store.ts). After `batch` with `synced` resolves, its
 * rows survive the loss of power; after `buffered` they survive the end of the process only.
 * Errors: STORE_IO, STORE_LOCKED, STORE_FORMAT, STORE_DAMAGED.
 */

/** One change of a batch. Keys are non-empty strings ordered by their UTF-8 bytes. */
export type KvOp =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string };

/** How hard a batch is made to stay: `synced` waits for the disk, `buffered` does not. */
export type Durability = 'synced' | 'buffered';

/** A slice of the map, `gte` included, `lt` excluded; at most `countMax` rows, from the low end or the high. */
export interface KvRange {
  readonly gte: string;
  readonly lt: string;
  readonly countMax: number;
  readonly order: 'ascending' | 'descending';
}

/** One row. */
export interface KvRow {
  readonly key: string;
  readonly value: Uint8Array;
}

/** The map as it was at one moment, whatever is written since. To be closed: until then old rows are kept for it. */
export interface KvSnapshot {
  range(range: KvRange): Promise<readonly KvRow[]>;
  /** Safe to repeat. */
  close(): Promise<void>;
}

/** The store itself. One process owns it at a time. */
export interface Kv {
  get(key: string): Promise<Uint8Array | undefined>;
  range(range: KvRange): Promise<readonly KvRow[]>;
  /** All batches that have resolved are in it, each of the others whole or not at all. */
  snapshot(): Promise<KvSnapshot>;
  /**
   * All or nothing, also across a crash. Batches become durable in the order of their calls. The ops
   * and their bytes are given up: nobody changes them afterwards, so a store that has to write a batch
   * again keeps them as they are. A copy of each would cost as much as its encoding.
   */
  batch(ops: readonly KvOp[], durability: Durability): Promise<void>;
  /** Waits for what is under way; safe to repeat; every later call is STORE_IO. */
  close(): Promise<void>;
}

/** Bytes of a batch's keys and values. */
export function countBytes(ops: readonly KvOp[]): number {
  let sum = 0;
  for (const op of ops) sum += op.key.length + (op.type === 'put' ? op.value.length : 0);
  return sum;
}
