/*
 * What the rows themselves say of their being all there: numbers that have no holes, and rows that every store has.
 *
 * Nothing of LevelDB is known here. It sees what no file can show: a table that is missing without anybody who
 * remembers it. Pure.
 */

import { z } from 'zod';
import { decodeValue } from '../../protocol/codec.ts';
import { auditGapsSchema, parseAuditLine } from '../audit.ts';
import { expectFormat, storeMigrations } from '../format.ts';
import {
  auditGapsKey,
  auditTailKey,
  findStream,
  formatKey,
  getSeq,
  heldKey,
  incarnationKey,
  storeIdKey,
  tailKey,
} from '../keys.ts';
import type { KvOp, KvRow } from '../kv.ts';
import { readPage } from '../outbox.ts';
import { planRow } from '../row-codec.ts';

const numberSchema = z.number();
const tailSchema = z.object({ n: z.number(), hash: z.string() });

/** What is missing: a sentence each. `tailAtLeast`: so many batches were acknowledged, by a witness outside. */
export function findHoles(rows: readonly KvRow[], tailAtLeast: number): readonly string[] {
  const byKey = new Map(rows.map(({ key, value }) => [key, value]));
  if (rows.length === 0) return ['every row'];
  return [
    ...[formatKey, storeIdKey, incarnationKey]
      .filter((key) => !byKey.has(key))
      .map((key) => `the row ${key}`),
    ...findTailHole(byKey, tailAtLeast),
    ...findAuditHoles(rows, byKey),
    ...findOutboxHoles(rows, byKey),
    ...findHeldHoles(rows),
  ];
}

/** A store of a newer version is left as it is: what its rows mean is not known here. Errors: STORE_FORMAT. */
export function expectKnown(rows: readonly KvRow[]): void {
  const format = read(numberSchema, rows.find(({ key }) => key === formatKey)?.value);
  if (format !== undefined) expectFormat(format, storeMigrations);
}

/** Are these rows as this version writes them? Where the row that says so is gone nothing else is known to say otherwise. */
export function isNewestFormat(rows: readonly KvRow[]): boolean {
  const row = rows.find(({ key }) => key === formatKey);
  const newest = storeMigrations.length + 1;
  return row === undefined || read(numberSchema, row.value) === newest;
}

/** Rows without which no store can be opened, where they are gone: it is another store, so it counts its starts anew. */
export function planMissing(rows: readonly KvRow[]): readonly KvOp[] {
  const made = [planRow(formatKey, storeMigrations.length + 1), planRow(incarnationKey, 1)];
  return made.filter((op) => !rows.some(({ key }) => key === op.key));
}

/** Are the newest batches missing, by a witness outside? What they held leaves no other trace. */
export function isEndLost(rows: readonly KvRow[], tailAtLeast: number): boolean {
  return findTail(rows) < tailAtLeast;
}

/** How many batches these rows say were synced. */
export function findTail(rows: readonly KvRow[]): number {
  return read(numberSchema, rows.find(({ key }) => key === tailKey)?.value) ?? 0;
}

function findTailHole(byKey: ReadonlyMap<string, Uint8Array>, atLeast: number): readonly string[] {
  const tail = read(numberSchema, byKey.get(tailKey)) ?? 0;
  if (tail >= atLeast) return [];
  return [`the newest ${atLeast - tail} batches (${atLeast} were acknowledged, ${tail} are there)`];
}

function findAuditHoles(
  rows: readonly KvRow[],
  byKey: ReadonlyMap<string, Uint8Array>,
): readonly string[] {
  const lines = rows
    .filter(({ key }) => key.startsWith('au/'))
    .flatMap(({ value }) => new TextDecoder().decode(value).split('\n'));
  const end = read(tailSchema, byKey.get(auditTailKey));
  let before: number | undefined;
  const holes: string[] = [];
  const gaps = read(auditGapsSchema, byKey.get(auditGapsKey)) ?? [];
  const isKnown = (after: number, to: number) =>
    gaps.some((gap) => gap.after === after && gap.before === to);
  for (const line of lines) {
    const entry = parseAuditLine(line);
    if (entry === undefined) continue;
    // Only numbers that are missing are a hole. What somebody changed is for the proof of the trail to say.
    const follows = before === undefined || entry.n === before + 1;
    if (!follows && !isKnown(before ?? 0, entry.n)) {
      holes.push(`entries of the audit trail between ${before} and ${entry.n}`);
    }
    before = entry.n;
  }
  if (
    end !== undefined &&
    before !== undefined &&
    before !== end.n &&
    !isKnown(before, end.n + 1)
  ) {
    holes.push(`entries of the audit trail between ${before} and ${end.n}`);
  }
  return holes;
}

/** What waits in an outbox begins right after what was acknowledged, and has no holes. */
function findOutboxHoles(
  rows: readonly KvRow[],
  byKey: ReadonlyMap<string, Uint8Array>,
): readonly string[] {
  const holes: string[] = [];
  const last = new Map<string, number>();
  for (const row of rows) {
    const { key } = row;
    if (!key.startsWith('o/')) continue;
    const stream = findStream(key);
    if (stream === undefined) continue;
    const name = `${stream.peer}@${stream.store}`;
    const acked = read(numberSchema, byKey.get(`oa/${name}`)) ?? 0;
    const before = last.get(name) ?? acked;
    const seq = getSeq(key);
    // A row that cannot be read holds nothing.
    const first = findFirst(row) ?? seq + 1;
    if (first > before + 1)
      holes.push(`messages ${before + 1} to ${first - 1} for ${stream.peer.slice(0, 8)}`);
    last.set(name, Math.max(before, seq));
  }
  return holes;
}

/** The rows of what an agent holds are a log, which goes from the front alone. */
function findHeldHoles(rows: readonly KvRow[]): readonly string[] {
  const numbers = rows.filter(({ key }) => key.startsWith('ah/')).map(({ key }) => getSeq(key));
  const newest = numbers.at(-1) ?? 0;
  const there = new Set(numbers);
  return numbers
    .filter((n) => n < newest && !there.has(n + 1))
    .map((n) => `the row ${heldKey(n + 1)}`);
}

/** The number of the first message in a row of an outbox. */
function findFirst(row: KvRow): number | undefined {
  try {
    return readPage(row)[0]?.seq;
  } catch {
    return undefined;
  }
}

function read<T>(schema: z.ZodType<T>, value: Uint8Array | undefined): T | undefined {
  if (value === undefined) return undefined;
  try {
    return schema.safeParse(decodeValue(value)).data;
  } catch {
    return undefined;
  }
}
