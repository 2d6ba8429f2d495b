/*
 * Rows that change often: of each only the last value since the batch before is encoded and written.
 *
 * For who holds a thing in memory and commits every change of it: a thing that changes twice on its way to
 * one batch is one row of it. It lives beside the committer that seals it. Invariant: what is put here
 * is committed at once, so that the batch it goes with is the one that its change is acknowledged by.
 */
import type { KvOp } from './kv.ts';
import { planRow } from './row-codec.ts';

/** Life cycle: `put` with each commit, `seal` with each batch. */
export class LatestRows {
  readonly #values = new Map<string, unknown>();

  /** The row has this value from the next batch on. */
  put(key: string, value: unknown): void {
    this.#values.set(key, value);
  }

  /** It is not written after all: it goes, by an op of the caller's. */
  drop(key: string): void {
    this.#values.delete(key);
  }

  /** The rows of all that was put since the last call. */
  seal(): readonly KvOp[] {
    const ops = [...this.#values].map(([key, value]) => planRow(key, value));
    this.#values.clear();
    return ops;
  }
}
