/*
 * Reading the audit trail: its files, then its rows, as one chain; and the proof that it is whole.
 *
 * It only reads. The first place where the chain does not hold is named, and nothing after it is trusted: a line
 * that is none, a number that is missing or out of its order, a hash that is another, an end before the end that
 * was written down. Who can write the whole store can write a new chain too: a number and hash that were noted
 * elsewhere (`known`) show even that. What a damaged store lost is written down when it is mended (`meta/audit-gaps`):
 * such a gap is said by every proof, and the chain goes on behind it. Errors: STORE_IO.
 */
import { wrapError } from '../protocol/errors.ts';
import type { ArchiveMark } from './archive.ts';
import {
  type AuditGap,
  type AuditTail,
  auditGapsSchema,
  auditStart,
  findAuditTail,
  hashAuditLine,
  parseAuditLine,
} from './audit.ts';
import { type AuditFrom, type AuditPort, findAuditFrom } from './audit-keep.ts';
import { auditGapsKey, auditTailKey, prefixRange } from './keys.ts';
import type { Kv, KvOp } from './kv.ts';
import { auditGapsMax, auditLeapCount, auditMoveRowsMax } from './limits.ts';
import { findRow, planRow } from './row-codec.ts';

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
  /** What was lost with a damaged store. */
  readonly gaps: readonly ProvenGap[];
}

/** A gap that a proof passed. Where its count is not known, numbers were passed over so that none is given twice. */
export interface ProvenGap extends AuditGap {
  readonly isCountKnown: boolean;
}

/** A part of the trail: files that follow on each other, and the file after them; undefined where the rows are. */
export interface AuditPart {
  readonly files: readonly string[];
  /** Are they the first of all? */
  readonly isFirst: boolean;
  readonly next: string | undefined;
}

/**
 * The parts that one look proves: the newest files, with the rows, and one of the older ones, by turns of a minute, with
 * the entry that comes after it. What is larger is for a proof of the whole.
 */
export function planAuditParts(
  files: readonly { readonly name: string; readonly bytes: number }[],
  { nowMs, bytesMax }: { readonly nowMs: number; readonly bytesMax: number },
): readonly AuditPart[] {
  const sizes = files.map(({ bytes }) => bytes);
  const sumFrom = (index: number) => sizes.slice(index).reduce((sum, bytes) => sum + bytes, 0);
  const fit = files.findIndex((_, index) => sumFrom(index) <= bytesMax);
  const newest = fit < 0 ? Math.max(0, files.length - 1) : fit;
  const names = files.map(({ name }) => name);
  const rest = { files: names.slice(newest), isFirst: newest === 0, next: undefined };
  if (newest === 0) return [rest];
  const turn = Math.floor(nowMs / 60_000) % newest;
  const older = { files: names.slice(turn, turn + 1), isFirst: turn === 0, next: names[turn + 1] };
  return (sizes[turn] ?? 0) <= bytesMax ? [rest, older] : [rest];
}

/** Walks the chain, or a part of it. `known`: an end that was noted before. */
export async function verifyAudit(
  source: AuditSource,
  known: AuditTail | undefined,
  part?: AuditPart,
): Promise<AuditProof> {
  const { kv } = source;
  const end = await findAuditTail(kv);
  const from =
    part?.isFirst === false ? undefined : ((await findAuditFrom(kv)) ?? { n: 1, prev: auditStart });
  const lost = (await findRow(kv, auditGapsKey, auditGapsSchema)) ?? [];
  const isLost = (gap: AuditGap) =>
    lost.some(({ after, before }) => after === gap.after && before === gap.before);
  const walk = new Walk({ from, known, isLost });
  let fault: string | undefined;
  let place = 'the beginning';
  try {
    for await (const next of part === undefined ? readLines(source) : readPart(source, part)) {
      place = next.place;
      fault = walk.take(next.line);
      // What was added since is not in the end that was read.
      if (fault !== undefined || walk.tail?.n === end?.n) break;
    }
  } catch (thrown) {
    fault = wrapError(thrown, 'STORE_IO').message.replace(/\.$/, '');
  }
  if (part?.next === undefined) fault ??= walk.close(end);
  const broken = fault === undefined ? null : { after: walk.tail?.n ?? 0, place, why: fault };
  const { entries, first, tail, gaps } = walk;
  const isWhole = broken === null && gaps.length === 0;
  return { isWhole, entries, first: first ?? null, tail: tail ?? null, broken, gaps };
}

/** What is known of a loss beside the trail itself. */
export interface TrailLoss {
  /** Batches after the last entry that is known are missing, and with them perhaps entries: the chain leaps ahead. */
  readonly isEndLost: boolean;
}

/**
 * The changes that write down what of this trail is missing now, and where it ends: for a store that was just made
 * from what a damaged one held. Only numbers that are missing are a gap; what was changed stays broken. Errors: STORE_*.
 */
export async function planAuditMended(
  source: AuditSource,
  { isEndLost }: TrailLoss,
): Promise<readonly KvOp[]> {
  const { kv } = source;
  const from = (await findAuditFrom(kv)) ?? { n: 1, prev: auditStart };
  const end = await findAuditTail(kv);
  const gaps: AuditGap[] = [];
  let last = from.n - 1;
  let tail: AuditTail | undefined;
  try {
    for await (const { line } of readLines(source)) {
      const n = parseAuditLine(line)?.n;
      if (n === undefined) continue;
      // It may begin earlier, as a proof takes it.
      if (tail === undefined) last = Math.min(last, n - 1);
      if (n <= last) continue;
      if (n > last + 1) gaps.push({ after: last, before: n });
      last = n;
      tail = { n, hash: hashAuditLine(line) };
    }
  } catch {
    // What cannot be read is no gap, and every proof says so.
    return [];
  }
  // The word of the end may be an older one, where a newer was lost; entries that are there must not be written over.
  const known = end !== undefined && end.n >= last ? end : tail;
  const ended = isEndLost
    ? { n: (known?.n ?? last) + auditLeapCount, hash: known?.hash ?? from.prev }
    : known;
  if (ended !== undefined && last < ended.n) gaps.push({ after: last, before: ended.n + 1 });
  return [
    ...(gaps.length === 0 ? [] : [planRow(auditGapsKey, gaps.slice(0, auditGapsMax))]),
    ...(ended !== undefined && ended !== end ? [planRow(auditTailKey, ended)] : []),
  ];
}

/** What a walk goes by. */
interface WalkPlan {
  /** Undefined where it is a part that begins with whatever it begins with. */
  readonly from: AuditFrom | undefined;
  readonly known: AuditTail | undefined;
  /** Is this gap one that was written down? */
  readonly isLost: (gap: AuditGap) => boolean;
}

/** The chain as far as it was walked. */
class Walk {
  entries = 0;
  first: number | undefined;
  tail: AuditTail | undefined;
  readonly gaps: ProvenGap[] = [];
  #from: AuditFrom | undefined;
  readonly #known: AuditTail | undefined;
  readonly #isLost: (gap: AuditGap) => boolean;

  constructor({ from, known, isLost }: WalkPlan) {
    this.#from = from;
    this.#known = known;
    this.#isLost = isLost;
  }

  /** Takes the next line; says why it cannot be the next. */
  take(line: string): string | undefined {
    const entry = parseAuditLine(line);
    if (entry === undefined) return 'a line that is no entry';
    const { n, prev } = entry;
    this.#from ??= { n, prev };
    const from = this.#from;
    const before = this.tail;
    if (before === undefined) {
      // Files that were to be removed may still be there; then the chain begins earlier, and holds on its own.
      if (n > from.n && !this.#passes(from.n - 1, n)) {
        return `it begins with ${n} and not with ${from.n}`;
      }
    } else if (n !== before.n + 1) {
      if (!this.#passes(before.n, n)) return `${n} follows on ${before.n}`;
    } else {
      if (prev !== before.hash) return `${before.n} is not what ${n} was written after`;
    }
    if (n === from.n && prev !== from.prev) return `${n} is not the beginning it was`;
    this.tail = { n, hash: hashAuditLine(line) };
    this.first ??= n;
    this.entries += 1;
    if (n === this.#known?.n && this.tail.hash !== this.#known.hash) {
      return `${n} is not the entry that was noted`;
    }
    return undefined;
  }

  /** Is it known that what is between was lost? */
  #passes(after: number, before: number): boolean {
    const gap = { after, before };
    if (before <= after || !this.#isLost(gap)) return false;
    this.gaps.push({ ...gap, isCountKnown: before - after - 1 < auditLeapCount });
    return true;
  }

  /** Why it cannot end here. */
  close(end: AuditTail | undefined): string | undefined {
    const ended = this.tail?.n ?? (this.#from?.n ?? 1) - 1;
    if (end !== undefined && ended < end.n && this.#passes(ended, end.n + 1)) this.tail = end;
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

async function* readPart(source: AuditSource, part: AuditPart): AsyncGenerator<PlacedLine> {
  for (const file of part.files) {
    for await (const line of readAuditFile(source, file)) yield { place: file, line };
  }
  if (part.next === undefined) return yield* readAuditRows(source.kv);
  for await (const line of readAuditFile(source, part.next)) {
    yield { place: part.next, line };
    return;
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
