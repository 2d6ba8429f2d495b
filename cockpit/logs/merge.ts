/*
 * Several logs as one, by the instant of their lines.
 *
 * A place between two lines is a *cut*: an offset for each log; lines that begin at their log's
 * offset or later lie after it. Reading on takes the earliest of the next lines, reading back the
 * latest of the last ones; of equal instants the log that was named first comes first. Each log keeps
 * its own order whatever its worker's clock does, and no line is ever lost or given twice.
 */
import type { CutLine } from './line-cutter.ts';
import { BackwardReader, ForwardReader, type ReadableLog, type ReaderPlan } from './line-reader.ts';

/** An offset for each log, in their order. */
export type Cut = readonly number[];

/** A line and the log that it is of. */
export interface MergedLine extends CutLine {
  readonly log: number;
}

/** Which way to read. */
export type Direction = 'on' | 'back';

/** What is merged. */
export interface MergePlan extends ReaderPlan {
  readonly logs: readonly ReadableLog[];
  readonly from: Cut;
  readonly direction: Direction;
  /** Lines whose end has not come: the last ones given, or held back until it has. */
  readonly open?: 'given' | 'held';
}

interface Source {
  reader: Reader;
  readonly log: number;
  waiting: readonly CutLine[];
  taken: number;
  isLast: boolean;
}

interface Reader {
  readonly position: number;
  next(): ReturnType<ForwardReader['next']>;
  peekRest(): readonly CutLine[];
}

/** Reads from a cut to the end, or to the start. Lines whose end has not come are the last. */
export class MergedReader {
  readonly #plan: MergePlan;
  readonly #sources: readonly Source[];
  readonly #sign: 1 | -1;
  #readBytes = 0;

  constructor(plan: MergePlan) {
    this.#plan = plan;
    this.#sign = plan.direction === 'on' ? 1 : -1;
    this.#sources = plan.logs.map((log, index) => ({
      reader: openReader(plan, log, plan.from[index] ?? 0),
      log: index,
      waiting: [],
      taken: 0,
      isLast: false,
    }));
  }

  /** Output read so far. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /** The next line; undefined where a log has to be read first, or nothing is left. */
  take(): MergedLine | undefined {
    let next: Source | undefined;
    for (const source of this.#sources) {
      const line = peek(source);
      if (line === undefined && !source.isLast) return undefined;
      if (line !== undefined && (next === undefined || this.#isBefore(source, next))) next = source;
    }
    const line = next && peek(next);
    if (next === undefined || line === undefined) return undefined;
    next.taken += 1;
    return { ...line, log: next.log };
  }

  /** Reads what `take` waits for. False where nothing is left. */
  async fill(): Promise<boolean> {
    const empty = this.#sources.filter((source) => peek(source) === undefined);
    const unread = empty.filter((source) => !source.isLast);
    for (const source of unread) await this.#read(source);
    return unread.length > 0;
  }

  /** After the last line: what was written since may be read. */
  resume(): void {
    for (const source of this.#sources) source.isLast = false;
  }

  /** Goes on in one log at another offset; what was read of it before is forgotten. */
  restart(log: number, from: number): void {
    const source = this.#sources[log];
    const readable = this.#plan.logs[log];
    if (source === undefined || readable === undefined) return;
    const reader = openReader(this.#plan, readable, from);
    Object.assign(source, { reader, waiting: [], taken: 0, isLast: false });
  }

  /** Offset up to which a log was read. */
  findPosition(log: number): number {
    return this.#sources[log]?.reader.position ?? 0;
  }

  /** After the last line: lines whose end has not come, as far as they are there. They stay. */
  peekOpen(): readonly MergedLine[] {
    return this.#sources.flatMap(({ reader, log }) =>
      reader.peekRest().map((line) => ({ ...line, log })),
    );
  }

  async #read(source: Source): Promise<void> {
    const { lines, readBytes, isLast } = await source.reader.next();
    this.#readBytes += readBytes;
    source.isLast = isLast;
    source.taken = 0;
    const givesOpen = isLast && this.#plan.open !== 'held';
    source.waiting = givesOpen ? [...lines, ...source.reader.peekRest()] : lines;
  }

  #isBefore(source: Source, other: Source): boolean {
    const apart = (peek(source)?.at ?? 0) - (peek(other)?.at ?? 0);
    return this.#sign * (apart === 0 ? source.log - other.log : apart) < 0;
  }
}

function peek({ waiting, taken }: Source): CutLine | undefined {
  return waiting[taken];
}

function openReader(plan: MergePlan, log: ReadableLog, offset: number): Reader {
  if (plan.direction === 'on') return new ForwardReader(log, plan, offset);
  const reader = new BackwardReader(log, plan, offset);
  return { position: offset, next: () => reader.next(), peekRest: () => [] };
}
