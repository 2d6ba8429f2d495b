/*
 * One log read by lines, from any line on and from any line back.
 *
 * It reads the hub's copy in blocks, so that a log of any size costs the memory of a block; a line
 * of any length is passed over without being held. The hub's loop is given back between blocks.
 * Invariant: forwards and backwards give the same lines, whatever offset a reader begins at.
 * Errors: STORE_IO.
 */
import type { LogStream } from '../../protocol/model.ts';
import type { LogRecord, LogSlice } from '../../store/log.ts';
import { lineReadBytes, longReadBytes, tornBytesMax } from './limits.ts';
import { type CutLine, type CutStart, LineCutter, type TextPlan } from './line-cutter.ts';

/** A log as it is read here. */
export interface ReadableLog {
  read(from: number, bytesMax: number): Promise<LogSlice>;
  readBack(before: number, bytesMax: number): Promise<readonly LogRecord[]>;
}

/** What a reader is made with. */
export interface ReaderPlan {
  readonly text: TextPlan;
  /** Gives the loop back where this turn has lasted long enough. */
  readonly rest: () => Promise<void>;
}

/** Some lines in the order of the read; none does not mean that there are no more. */
export interface LineBlock {
  readonly lines: readonly CutLine[];
  /** Bytes of output that were read for it. */
  readonly readBytes: number;
  /** There is nothing after it in this direction, for now. */
  readonly isLast: boolean;
}

/** Reads on from an offset: the first line is the first that begins there or later. */
export class ForwardReader {
  readonly #log: ReadableLog;
  readonly #plan: ReaderPlan;
  readonly #from: number;
  #cutter: LineCutter | undefined;

  constructor(log: ReadableLog, plan: ReaderPlan, from: number) {
    this.#log = log;
    this.#plan = plan;
    this.#from = from;
  }

  /** Offset up to which it has read. */
  get position(): number {
    return this.#cutter?.position ?? this.#from;
  }

  /** The next lines that have ended. Where it says that they are the last, it may be asked again later. */
  async next(): Promise<LineBlock> {
    const cutter = await this.#start();
    const slice = await this.#log.read(cutter.position, lineReadBytes);
    const begin = cutter.position;
    for (const record of slice.records) {
      cutter.take(record);
      await this.#plan.rest();
    }
    cutter.skipTo(slice.next);
    const isLast = slice.next === slice.end;
    return { lines: cutter.takeReady(), readBytes: cutter.position - begin, isLast };
  }

  /** After the last: lines that have begun, as far as they have come, and those after them. */
  peekRest(): readonly CutLine[] {
    return this.#cutter?.peekRest() ?? [];
  }

  async #start(): Promise<LineCutter> {
    if (this.#cutter === undefined) {
      this.#cutter = new LineCutter(await findStart(this.#log, this.#from), this.#plan.text);
    }
    return this.#cutter;
  }
}

/** Reads back from an offset: the first line is the last that begins before it. */
export class BackwardReader {
  readonly #log: ReadableLog;
  readonly #plan: ReaderPlan;
  #before: number;
  #hasBegun = false;
  /** Grows while nothing is found, so that a line of megabytes takes few reads. */
  #blockBytes = lineReadBytes;

  constructor(log: ReadableLog, plan: ReaderPlan, before: number) {
    this.#log = log;
    this.#plan = plan;
    this.#before = before;
  }

  /** The lines before those given last, the latest first. A line without an end is among them. */
  async next(): Promise<LineBlock> {
    const until = await this.#findUntil();
    const records = await this.#log.readBack(until, this.#blockBytes);
    const begin = records[0]?.offset ?? 0;
    const start = await findStart(this.#log, begin);
    const cutter = new LineCutter({ ...start, until }, this.#plan.text);
    for (const record of records) {
      cutter.take(record);
      await this.#plan.rest();
    }
    // In front of what was read back there may be a gap up to the next line.
    cutter.skipTo(until);
    const end = await this.#finish(cutter);
    this.#before = begin;
    const lines = [...cutter.takeReady(), ...cutter.peekRest()].toReversed();
    const isFound = lines.length > 0;
    this.#blockBytes = isFound ? lineReadBytes : Math.min(longReadBytes, 2 * this.#blockBytes);
    return { lines, readBytes: end - begin, isLast: begin === 0 };
  }

  /** The offset to read back from; nothing lies beyond the log's end. */
  async #findUntil(): Promise<number> {
    if (this.#hasBegun) return this.#before;
    this.#hasBegun = true;
    const { end } = await this.#log.read(this.#before, 1);
    return Math.min(this.#before, end);
  }

  /** Reads on until every line that began in the block has ended. Gives the offset it came to. */
  async #finish(cutter: LineCutter): Promise<number> {
    for (let bytes = lineReadBytes; cutter.isOpen; bytes = Math.min(longReadBytes, 2 * bytes)) {
      const slice = await this.#log.read(cutter.position, bytes);
      for (const record of slice.records) {
        cutter.take(record);
        await this.#plan.rest();
      }
      cutter.skipTo(slice.next);
      if (slice.next === slice.end) break;
    }
    return cutter.position;
  }
}

/** What lies before an offset, as a cutter that starts there has to know it. */
async function findStart(log: ReadableLog, offset: number): Promise<CutStart> {
  const midline: Partial<Record<LogStream, number>> = {};
  if (offset === 0) return { offset, midline };
  const seen = new Set<LogStream>();
  let expected = offset;
  const records = await log.readBack(offset, tornBytesMax);
  for (const record of records.toReversed()) {
    const end = record.offset + record.bytes.length;
    // A gap ends every line.
    if (end !== expected) break;
    expected = record.offset;
    if (seen.has(record.stream)) continue;
    seen.add(record.stream);
    if (record.bytes.at(-1) !== 10) midline[record.stream] = end;
    if (seen.size === 2) break;
  }
  const [stream] = seen;
  return { offset, midline, stream, at: records.at(-1)?.at };
}
