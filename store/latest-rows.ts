/*
 * Rows that change often: of each only the last value since the batch before is encoded and written.
 *
 * For who holds things in memory and commits every change of them: a thing that changes twice on its way to
 * one batch is one row of it. It lives beside the committer that seals it. Invariant: what is put here
 * is committed at once, so that the batch it goes with is the one that its change is acknowledged by.
 */
import type { KvOp } from './kv.ts';
import { planRow } from './row-codec.ts';

/** Life cycle: `put` with each commit, `seal` with each batch. */
export class LatestRows<Id, Value> {
  readonly #keyOf: (id: Id) => string;
  readonly #describe: (value: Value) => unknown;
  #values = new Map<Id, Value>();

  /** `keyOf`, `describe`: the row of a thing, and what that holds; asked for once a batch. */
  constructor(keyOf: (id: Id) => string, describe: (value: Value) => unknown) {
    this.#keyOf = keyOf;
    this.#describe = describe;
  }

  /** The thing has this value from the next batch on. */
  put(id: Id, value: Value): void {
    this.#values.set(id, value);
  }

  /** Its row goes, also where it was not written yet; the op is for the caller to commit. */
  remove(id: Id): KvOp {
    this.#values.delete(id);
    return { type: 'del', key: this.#keyOf(id) };
  }

  /** The rows of all that was put since the last call. */
  seal(): readonly KvOp[] {
    const ops: KvOp[] = [];
    for (const [id, value] of this.#values)
      ops.push(planRow(this.#keyOf(id), this.#describe(value)));
    // Anew, and not cleared, as in `protocol/churn-map`.
    this.#values = new Map();
    return ops;
  }
}
