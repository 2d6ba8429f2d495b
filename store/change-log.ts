/*
 * Rows that change often, as a log of their changes: what changes on its way to one batch is one row, however many things it is.
 *
 * For who holds things in memory and commits every change of them. A thing is said anew with each change; of what was said of it the
 * last holds. Rows go from the front alone, once nothing in them holds, so nothing that was said comes to hold again.
 * What stays long while others come and go is said again behind them: a log has at most twice as many entries as
 * things, and a few more. Invariant: what is put or removed here is committed at once, so that the batch it goes with is the
 * one that its change is acknowledged by. Errors: STORE_DAMAGED, also where a row is missing; STORE_IO.
 */
import type { z } from 'zod';
import { ChurnMap } from '../protocol/churn-map.ts';
import { AppError } from '../protocol/errors.ts';
import { getSeq, prefixRange } from './keys.ts';
import type { Kv, KvOp, KvRow } from './kv.ts';
import { changeRowBytesMax, changesSpareMax } from './limits.ts';
import { readAll } from './read-all.ts';
import { planRow, readRow } from './row-codec.ts';

/** What lies in a log, and how. */
export interface ChangeLogParts<Id extends string, Value> {
  /** Of its keys. */
  readonly prefix: string;
  /** The key of its row of this number, which is the last part of the key. */
  readonly keyOf: (n: number) => string;
  readonly idOf: (value: Value) => Id;
  /** What is written of a thing: never a text, for the id alone says that one is gone. */
  readonly describe: (value: Value) => unknown;
  /** A row: what was written, or ids. */
  readonly schema: z.ZodType<readonly (Value | string)[]>;
}

/** One row. */
interface Page<Id> {
  readonly n: number;
  /** Things that are said in it. */
  readonly ids: readonly Id[];
  readonly entryCount: number;
  /** Of how many what is said here holds. */
  liveCount: number;
}

interface Place<Id, Value> {
  readonly value: Value;
  readonly page: Page<Id>;
}

/** What a log says of each thing, in no order, also where rows are missing: for who only looks. */
export async function readChanges<Id extends string, Value>(
  kv: Pick<Kv, 'range'>,
  parts: ChangeLogParts<Id, Value>,
): Promise<readonly Value[]> {
  const log = new ChangeLog(parts);
  for await (const row of readAll(kv, prefixRange(parts.prefix))) log.replay(row);
  return log.list();
}

/** Opens the log as its rows leave it, none missing. */
export async function openChangeLog<Id extends string, Value>(
  kv: Pick<Kv, 'range'>,
  parts: ChangeLogParts<Id, Value>,
): Promise<ChangeLog<Id, Value>> {
  const log = new ChangeLog(parts);
  for await (const row of readAll(kv, prefixRange(parts.prefix))) {
    const { newest } = log;
    if (newest !== undefined && getSeq(row.key) !== newest + 1) {
      throw new AppError('STORE_DAMAGED', `The row ${parts.keyOf(newest + 1)} is missing.`);
    }
    log.replay(row);
  }
  return log;
}

/** Life cycle: opened once a store; then `put` and `remove` with each commit, `seal` with each batch. */
export class ChangeLog<Id extends string, Value> {
  readonly #parts: ChangeLogParts<Id, Value>;
  readonly #places = new ChurnMap<Id, Place<Id, Value>>();
  /** The oldest first. */
  readonly #pages: Page<Id>[] = [];
  #changed = new Map<Id, Value | undefined>();
  #entryCount = 0;

  constructor(parts: ChangeLogParts<Id, Value>) {
    this.#parts = parts;
  }

  /** The number of the last row; undefined where there is none. */
  get newest(): number | undefined {
    return this.#pages.at(-1)?.n;
  }

  /** What the rows say of each thing. */
  list(): readonly Value[] {
    return this.#places.list().map(({ value }) => value);
  }

  /** Takes a row that was read, in the order of the rows. Errors: STORE_DAMAGED. */
  replay(row: KvRow): void {
    const entries = readRow(this.#parts.schema, row);
    const values = new Map<Id, Value>();
    const gone: Id[] = [];
    for (const entry of entries) {
      if (typeof entry === 'string') gone.push(entry as Id);
      else values.set(this.#parts.idOf(entry), entry);
    }
    for (const id of [...gone, ...values.keys()]) this.#leave(id);
    this.#enter(getSeq(row.key), { values: [...values], entryCount: entries.length });
  }

  /** The thing is so from the next batch on. */
  put(value: Value): void {
    this.#changed.set(this.#parts.idOf(value), value);
  }

  /** It is no more from the next batch on. */
  remove(id: Id): void {
    if (this.#places.has(id)) this.#changed.set(id, undefined);
    else this.#changed.delete(id);
  }

  /** The rows of all that changed since the last call. */
  seal(): readonly KvOp[] {
    if (this.#changed.size === 0) return [];
    const changed = this.#changed;
    // Anew, and not cleared, as in `protocol/churn-map`.
    this.#changed = new Map();
    const values: (readonly [Id, Value])[] = [];
    const gone: (readonly [Id, number])[] = [];
    changed.forEach((value, id) => {
      const page = this.#leave(id);
      if (value !== undefined) values.push([id, value]);
      else if (page !== undefined) gone.push([id, page.n]);
    });
    const next = (this.newest ?? 0) + 1;
    const ops = this.#dropFront(values);
    const first = this.#pages[0]?.n ?? next;
    // A thing whose rows went with it needs no word.
    const said = gone.filter(([, n]) => n >= first).map(([id]) => id);
    return [...ops, ...this.#write(next, values, said)];
  }

  /** What was said of it holds no more; the page in which that was. */
  #leave(id: Id): Page<Id> | undefined {
    const page = this.#places.get(id)?.page;
    if (page === undefined) return undefined;
    page.liveCount -= 1;
    this.#places.delete(id);
    return page;
  }

  /** The rows at the front in which nothing holds, or of which what does is said again with `values`. */
  #dropFront(values: (readonly [Id, Value])[]): readonly KvOp[] {
    const ops: KvOp[] = [];
    for (let page = this.#pages[0]; page !== undefined; page = this.#pages[0]) {
      const things = this.#places.size + values.length;
      if (page.liveCount > 0 && this.#entryCount <= 2 * things + changesSpareMax) break;
      for (const id of page.liveCount > 0 ? page.ids : []) {
        const place = this.#places.get(id);
        if (place?.page === page) values.push([id, place.value]);
      }
      this.#pages.shift();
      this.#entryCount -= page.entryCount;
      ops.push({ type: 'del', key: this.#parts.keyOf(page.n) });
    }
    return ops;
  }

  /** In one row, or in more where it would be too large for one. */
  #write(
    n: number,
    values: readonly (readonly [Id, Value])[],
    gone: readonly Id[],
  ): readonly KvOp[] {
    const entries = [...values.map(([, value]) => this.#parts.describe(value)), ...gone];
    if (entries.length === 0) return [];
    const op = planRow(this.#parts.keyOf(n), entries);
    if (op.type === 'put' && op.value.length > changeRowBytesMax && values.length > 1) {
      const half = values.length >> 1;
      const ops = this.#write(n, values.slice(0, half), []);
      return [...ops, ...this.#write((this.newest ?? 0) + 1, values.slice(half), gone)];
    }
    this.#enter(n, { values, entryCount: entries.length });
    return [op];
  }

  #enter(
    n: number,
    {
      values,
      entryCount,
    }: { readonly values: readonly (readonly [Id, Value])[]; readonly entryCount: number },
  ): void {
    const page = { n, ids: values.map(([id]) => id), entryCount, liveCount: values.length };
    for (const [id, value] of values) this.#places.set(id, { value, page });
    this.#pages.push(page);
    this.#entryCount += entryCount;
  }
}
