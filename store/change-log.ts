/*
 * Rows that change often, as a log of their changes: what changes on its way to one batch is one row, however many things it is.
 *
 * For who holds things in memory and commits every change of them. A thing is said anew with each change; of what was said of it the
 * last holds. Rows go from the front alone, once nothing in them holds, so nothing that was said comes to hold again.
 * What stays long while others come and go is said again behind them: a log has at most twice as many entries as
 * things, and twice the bytes, and a few more. Each entry is encoded by itself, so a row can be read whatever is in it. Invariant: what is put or removed here is committed at once, so that the batch it goes with is the
 * one that its change is acknowledged by. Errors: STORE_DAMAGED, also where a row is missing; STORE_IO.
 */
import { z } from 'zod';
import { ChurnMap } from '../protocol/churn-map.ts';
import { encodeValue } from '../protocol/codec.ts';
import { AppError } from '../protocol/errors.ts';
import { getSeq, prefixRange } from './keys.ts';
import type { Kv, KvOp, KvRow } from './kv.ts';
import { changeRowBytesMax, changesSpareBytesMax, changesSpareMax } from './limits.ts';
import { readAll } from './read-all.ts';
import { planRow, readRow } from './row-codec.ts';

/** What lies in a log, and how. */
export interface ChangeLogParts<Id extends string, Value> {
  /** Of its keys. */
  readonly prefix: string;
  /** The key of its row of this number, which is the last part of the key. */
  readonly keyOf: (n: number) => string;
  readonly idOf: (value: Value) => Id;
  /** What is written of a thing. */
  readonly describe: (value: Value) => unknown;
  /** The same as it is read. */
  readonly schema: z.ZodType<Value>;
}

/** A row: the bytes of what is said of a thing, or the id of one that is no more. */
const rowSchema = z.array(z.union([z.string(), z.instanceof(Uint8Array)]));

/** One thing on its way to a row. */
interface Entry<Id, Value> {
  readonly id: Id;
  readonly value: Value;
  readonly bytes: Uint8Array;
}

/** One row. */
interface Page<Id> {
  readonly n: number;
  /** Things that are said in it. */
  readonly ids: readonly Id[];
  readonly entryCount: number;
  readonly byteCount: number;
  /** Of how many what is said here holds. */
  liveCount: number;
}

interface Place<Id, Value> {
  readonly value: Value;
  /** Of what is written. The bytes themselves are let go: a few would hold a whole block. */
  readonly byteCount: number;
  readonly page: Page<Id>;
}

/** What a log says of each thing, in no order, also where rows are missing: for who does not go on with it. */
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

/** Can this row be read back? */
export function canReadChanges<Id extends string, Value>(
  row: KvRow,
  parts: ChangeLogParts<Id, Value>,
): boolean {
  try {
    new ChangeLog(parts).replay(row);
    return true;
  } catch {
    return false;
  }
}

/** Life cycle: opened once a store; then `put` and `remove` with each commit, `seal` with each batch. */
export class ChangeLog<Id extends string, Value> {
  readonly #parts: ChangeLogParts<Id, Value>;
  readonly #places = new ChurnMap<Id, Place<Id, Value>>();
  /** The oldest first. */
  readonly #pages: Page<Id>[] = [];
  #changed = new Map<Id, Value | undefined>();
  #newest = 0;
  #entryCount = 0;
  #byteCount = 0;
  /** Of what holds. */
  #liveBytes = 0;

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
    const entries: Entry<Id, Value>[] = [];
    const gone: Id[] = [];
    for (const said of readRow(rowSchema, row)) {
      if (typeof said === 'string') gone.push(said as Id);
      else {
        const value = readRow(this.#parts.schema, { key: row.key, value: said });
        entries.push({ id: this.#parts.idOf(value), value, bytes: said });
      }
    }
    for (const id of gone) this.#leave(id);
    for (const { id } of entries) this.#leave(id);
    this.#enter(getSeq(row.key), entries, gone);
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
    const entries: Entry<Id, Value>[] = [];
    const gone: (readonly [Id, number])[] = [];
    changed.forEach((value, id) => {
      const page = this.#leave(id);
      if (value !== undefined) entries.push(this.#encode(id, value));
      else if (page !== undefined) gone.push([id, page.n]);
    });
    const ops = this.#dropFront(entries);
    const first = this.#pages[0]?.n ?? Number.POSITIVE_INFINITY;
    // A thing whose rows went with it needs no word.
    const said = gone.filter(([, n]) => n >= first).map(([id]) => id);
    return [...ops, ...this.#write(entries, said)];
  }

  #encode(id: Id, value: Value): Entry<Id, Value> {
    return { id, value, bytes: encodeValue(this.#parts.describe(value)) };
  }

  /** What was said of it holds no more; the page in which that was. */
  #leave(id: Id): Page<Id> | undefined {
    const place = this.#places.get(id);
    if (place === undefined) return undefined;
    place.page.liveCount -= 1;
    this.#liveBytes -= place.byteCount;
    this.#places.delete(id);
    return place.page;
  }

  /** The rows at the front in which nothing holds, or of which what does is said again with `entries`. */
  #dropFront(entries: Entry<Id, Value>[]): readonly KvOp[] {
    const ops: KvOp[] = [];
    for (let page = this.#pages[0]; page !== undefined; page = this.#pages[0]) {
      if (page.liveCount > 0 && !this.#isLong(entries)) break;
      for (const id of page.liveCount > 0 ? page.ids : []) {
        const place = this.#places.get(id);
        if (place?.page !== page) continue;
        this.#leave(id);
        entries.push(this.#encode(id, place.value));
      }
      this.#pages.shift();
      this.#entryCount -= page.entryCount;
      this.#byteCount -= page.byteCount;
      ops.push({ type: 'del', key: this.#parts.keyOf(page.n) });
    }
    return ops;
  }

  /** Are there too many entries in the rows, or bytes, for what holds with these? */
  #isLong(entries: readonly Entry<Id, Value>[]): boolean {
    const things = this.#places.size + entries.length;
    if (this.#entryCount > 2 * things + changesSpareMax) return true;
    // Counted only where it may be so.
    const sparse = this.#byteCount - 2 * this.#liveBytes - changesSpareBytesMax;
    return sparse > 0 && sparse > 2 * countBytes(entries);
  }

  /** In one row, or in more where it would be too large for one. */
  #write(entries: readonly Entry<Id, Value>[], gone: readonly Id[]): readonly KvOp[] {
    if (entries.length === 0 && gone.length === 0) return [];
    const ops: KvOp[] = [];
    let from = 0;
    for (let byteCount = 0, at = 0; at < entries.length; at += 1) {
      byteCount += entries[at]?.bytes.length ?? 0;
      if (byteCount <= changeRowBytesMax || at === from) continue;
      ops.push(this.#writeRow(entries.slice(from, at), []));
      byteCount = entries[at]?.bytes.length ?? 0;
      from = at;
    }
    return [...ops, this.#writeRow(entries.slice(from), gone)];
  }

  #writeRow(entries: readonly Entry<Id, Value>[], gone: readonly Id[]): KvOp {
    const n = this.#newest + 1;
    this.#enter(n, entries, gone);
    return planRow(this.#parts.keyOf(n), [...entries.map(({ bytes }) => bytes), ...gone]);
  }

  #enter(n: number, entries: readonly Entry<Id, Value>[], gone: readonly Id[]): void {
    const ids = entries.map(({ id }) => id);
    const byteCount = countBytes(entries);
    const entryCount = ids.length + gone.length;
    const page = { n, ids, entryCount, byteCount, liveCount: ids.length };
    for (const { id, value, bytes } of entries) {
      this.#places.set(id, { value, byteCount: bytes.length, page });
    }
    this.#pages.push(page);
    this.#newest = n;
    this.#entryCount += entryCount;
    this.#byteCount += byteCount;
    this.#liveBytes += byteCount;
  }
}

function countBytes(entries: readonly Entry<unknown, unknown>[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
