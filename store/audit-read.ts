/*
 * Reading the audit trail: its files, then its rows, as one chain; and the proof that it is whole.
 *
 * It only reads. The first place where the chain does not hold is named, and nothing after it is trusted: a line
 * that is none, a number that is missing or out of its order, a hash that is another, an end before the end that
 * was written down. Who can write the whole store can write a new chain too: a number and hash that were noted
 * elsewhere (`known`) show even that. Errors: STORE_IO.
 */
import { wrapError } from '../protocol/errors.ts';
import type { ArchiveMark } from './archive.ts';
import {
  type AuditTail,
  auditStart,
  findAuditTail,
  hashAuditLine,
  parseAuditLine,
} from './audit.ts';
import { type AuditFrom, type AuditPort, findAuditFrom } from './audit-keep.ts';
import { prefixRange } from './keys.ts';
import type { Kv } from './kv.ts';
import { auditMoveRowsMax } from './limits.ts';

/** Where the trail is read from. `mark` says how much of the newest file counts. */
export interface AuditSource {
  readonly kv: Kv;
  readonly port: AuditPort;
  readonly mark: ArchiveMark | undefined;
}

/** One line with where it lies. */
interface PlacedLine {
  readonly place: string;
  readonly line: string;
}

/** What a verification found. */
export interface AuditProof {
  readonly isWhole: boolean;
  /** Entries that were looked at. */
  readonly entries: number;
  /** The first of them; what is older was removed when its time was over. */
  readonly first: number | null;
  /** The end of the chain, to be noted elsewhere. */
  readonly tail: AuditTail | null;
  /** The first place where the chain does not hold. */
  readonly broken: { readonly after: number; readonly place: string; readonly why: string } | null;
}

/** Walks the whole chain. `known`: an end that was noted before. */
export async function verifyAudit(
  source: AuditSource,
  known: AuditTail | undefined,
): Promise<AuditProof> {
  const { kv } = source;
  const end = await findAuditTail(kv);
  const from = (await findAuditFrom(kv)) ?? { n: 1, prev: auditStart };
  const walk = new Walk(from, known);
  let fault: string | undefined;
  let place = 'the beginning';
  try {
    for await (const next of readLines(source)) {
      place = next.place;
      fault = walk.take(next.line);
      // What was added since is not in the end that was read.
      if (fault !== undefined || walk.tail?.n === end?.n) break;
    }
  } catch (thrown) {
    fault = wrapError(thrown, 'STORE_IO').message;
  }
  fault ??= walk.close(end);
  const broken = fault === undefined ? null : { after: walk.tail?.n ?? 0, place, why: fault };
  const { entries, first, tail } = walk;
  return { isWhole: broken === null, entries, first: first ?? null, tail: tail ?? null, broken };
}

/** The chain as far as it was walked. */
class Walk {
  entries = 0;
  first: number | undefined;
  tail: AuditTail | undefined;
  readonly #from: AuditFrom;
  readonly #known: AuditTail | undefined;

  constructor(from: AuditFrom, known: AuditTail | undefined) {
    this.#from = from;
    this.#known = known;
  }

  /** Takes the next line; says why it cannot be the next. */
  take(line: string): string | undefined {
    const entry = parseAuditLine(line);
    if (entry === undefined) return 'a line that is no entry';
    const { n, prev } = entry;
    const before = this.tail;
    if (before === undefined) {
      // Files that were to be removed may still be there; then the chain begins earlier, and holds on its own.
      if (n > this.#from.n) return `it begins with ${n} and not with ${this.#from.n}`;
    } else {
      if (n !== before.n + 1) return `${n} follows on ${before.n}`;
      if (prev !== before.hash) return `${before.n} is not what ${n} was written after`;
    }
    if (n === this.#from.n && prev !== this.#from.prev) return `${n} is not the beginning it was`;
    this.tail = { n, hash: hashAuditLine(line) };
    this.first ??= n;
    this.entries += 1;
    if (n === this.#known?.n && this.tail.hash !== this.#known.hash) {
      return `${n} is not the entry that was noted`;
    }
    return undefined;
  }

  /** Why it cannot end here. */
  close(end: AuditTail | undefined): string | undefined {
    const last = this.tail?.n ?? 0;
    if (end !== undefined && last < end.n) return `it ends with ${last} and not with ${end.n}`;
    if (end !== undefined && this.tail?.hash !== end.hash) return `${last} is not the end it was`;
    if (end === undefined && last > 0) return 'nothing says where it ends';
    const known = this.#known?.n ?? 0;
    return known > last
      ? `it ends with ${last} before the entry ${known} that was noted`
      : undefined;
  }
}

async function* readLines(source: AuditSource): AsyncGenerator<PlacedLine> {
  for (const file of await source.port.list()) {
    for await (const line of readAuditFile(source, file)) yield { place: file, line };
  }
  yield* readAuditRows(source.kv);
}

/** Lines of one file, as far as it counts. */
export async function* readAuditFile(
  { port, mark }: AuditSource,
  file: string,
): AsyncGenerator<string> {
  const size = await port.findSize(file);
  yield* port.readLines(file, mark?.file === file ? Math.min(size, mark.bytes) : size);
}

/** Lines of the rows. */
export async function* readAuditRows(kv: Kv): AsyncGenerator<PlacedLine> {
  let { gte, lt } = prefixRange('au/');
  for (;;) {
    const rows = await kv.range({ gte, lt, countMax: auditMoveRowsMax, order: 'ascending' });
    const last = rows.at(-1);
    if (last === undefined) return;
    gte = `${last.key}\0`;
    for (const { key, value } of rows) {
      const lines = new TextDecoder().decode(value).split('\n');
      for (const line of lines) yield { place: `the row ${key}`, line };
    }
  }
}
