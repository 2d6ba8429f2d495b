/*
 * Records of a log cut into lines: the one place that says what a line is.
 *
 * A line belongs to one stream, so that a torn line of stdout is not cut by stderr. It ends at its
 * line end, at a gap, or when `tornBytesMax` of the other stream came since its last byte: so a
 * reader who starts anywhere needs to look back no further than that to see the same lines. A
 * carriage return starts the text of a line again, as progress bars want. Lines come out in the
 * order in which they begin; of a long one only a part is kept. No I/O, no clock.
 */
import type { LogStream } from '../../protocol/model.ts';
import type { LogRecord } from '../../store/log.ts';
import { linesHeldMax, searchLineBytesMax, tornBytesMax } from './limits.ts';

/** One line, or a gap. `offset` is that of its first byte and names it. */
export interface CutLine {
  readonly offset: number;
  readonly stream: LogStream | 'gap';
  /** Wall milliseconds of its first byte; for a gap, of what lies before it. */
  readonly at: number;
  /** Its length without the line end; what was dropped, for a gap. */
  readonly bytes: number;
  /** Bytes of it before `text`: overwritten, skipped, or given in a piece before. */
  readonly hiddenBytes: number;
  readonly text: Uint8Array;
  /** Does it go on after `text`? */
  readonly isCut: boolean;
  /** Its end has not come yet. */
  readonly isOpen: boolean;
  /** What lies before it is of the other stream, or nothing. */
  readonly isTurn: boolean;
}

/** What is kept of a line: a part of its text, or all of it in pieces that overlap. */
export type TextPlan =
  | { readonly keeps: 'part'; readonly skipBytes: number; readonly bytesMax: number }
  | {
      readonly keeps: 'pieces';
      readonly bytesMax: number;
      readonly overlapBytes: number;
      /** Whole lines that lie in output of which this is false are left out. */
      readonly mayHit?: ((bytes: Uint8Array) => boolean) | undefined;
    };

/** Where a cutter begins. */
export interface CutStart {
  readonly offset: number;
  /** Streams in the middle of a line there, with the offset after their last byte. */
  readonly midline: Readonly<Partial<Record<LogStream, number>>>;
  /** The instant of the output before. */
  readonly at?: number | undefined;
  /** The stream of the byte before, where there is no gap between. */
  readonly stream?: LogStream | undefined;
  /** Lines that begin here or later are left alone. */
  readonly until?: number;
}

interface OpenLine {
  readonly offset: number;
  readonly stream: LogStream;
  readonly at: number;
  readonly isTurn: boolean;
  bytes: number;
  /** Bytes before what is kept. */
  hiddenBytes: number;
  pieces: Uint8Array[];
  keptBytes: number;
  /** Bytes of text since the last carriage return. */
  shownBytes: number;
  /** Offset after its last byte. */
  end: number;
  /** Carriage returns at its end, as far as it has come. */
  returnCount: number;
}

const newline = 10;
const carriageReturn = 13;

/** Takes records in order, gives lines. */
export class LineCutter {
  readonly #plan: TextPlan;
  readonly #until: number;
  readonly #midline: Partial<Record<LogStream, number | undefined>>;
  readonly #open: Partial<Record<LogStream, OpenLine | undefined>> = {};
  #done: CutLine[] = [];
  #position: number;
  /** Of the byte before the record that is being cut. */
  #stream: LogStream | undefined;
  /** Of the output before a gap, which is the gap's. */
  #at: number;

  constructor(start: CutStart, plan: TextPlan) {
    this.#plan = plan;
    this.#position = start.offset;
    this.#stream = start.stream;
    this.#at = start.at ?? 0;
    this.#midline = { ...start.midline };
    this.#until = start.until ?? Number.MAX_SAFE_INTEGER;
  }

  /** Offset after the last byte taken. */
  get position(): number {
    return this.#position;
  }

  /** Is there a line that has begun and not ended? */
  get isOpen(): boolean {
    return this.#open.stdout !== undefined || this.#open.stderr !== undefined;
  }

  /** Is there nothing at all yet? */
  get isEmpty(): boolean {
    return !this.isOpen && this.#done.length === 0;
  }

  /** Takes the next record; one that begins later than the last ended leaves a gap. */
  take(record: LogRecord): void {
    if (record.bytes.length === 0) return;
    this.skipTo(record.offset);
    this.#at = record.at;
    this.#endTorn(record.offset);
    this.#position = record.offset + record.bytes.length;
    const begin = this.#passMidline(record);
    const hasReturn = record.bytes.includes(carriageReturn);
    this.#cut(record, begin, hasReturn);
    this.#stream = record.stream;
  }

  /** What lies before this offset is not to be had: a gap, which ends every line. */
  skipTo(offset: number): void {
    if (offset <= this.#position) return;
    for (const line of this.#listOpen()) this.#end(line);
    this.#midline.stdout = undefined;
    this.#midline.stderr = undefined;
    this.#stream = undefined;
    if (this.#position < this.#until) {
      this.#done.push({
        offset: this.#position,
        stream: 'gap',
        at: this.#at,
        bytes: offset - this.#position,
        hiddenBytes: 0,
        text: new Uint8Array(0),
        isCut: false,
        isOpen: false,
        isTurn: true,
      });
    }
    this.#position = offset;
  }

  /** Lines that have ended and none before them is open, in order. They are taken out. */
  takeReady(): readonly CutLine[] {
    const first = Math.min(...this.#listOpen().map(({ offset }) => offset));
    if (this.#done.length > 0) this.#done.sort((a, b) => a.offset - b.offset);
    const isReady = ({ offset, isOpen }: CutLine) => offset < first || (isOpen && offset === first);
    const count = this.#done.findIndex((line) => !isReady(line));
    if (count < 0) return this.#done.splice(0);
    return this.#done.splice(0, count);
  }

  /** Lines whose end has not come, as far as they are there, and those that wait for them; all stay. */
  peekRest(): readonly CutLine[] {
    const open = this.#listOpen().map((line) => this.#seal(line, { isOpen: true }));
    return [...open, ...this.#done].sort((a, b) => a.offset - b.offset);
  }

  #listOpen(): readonly OpenLine[] {
    return [this.#open.stdout, this.#open.stderr].filter((line) => line !== undefined);
  }

  /** Before a record at `offset`: what can't go on any more, and what too many others wait for. */
  #endTorn(offset: number): void {
    const isCrowded = this.#done.length > linesHeldMax;
    for (const line of this.#listOpen()) {
      if (isCrowded || offset - line.end > tornBytesMax) this.#end(line);
    }
  }

  /** Where in the record the first line begins that is not the rest of one from before the start. */
  #passMidline({ offset, stream, bytes }: LogRecord): number {
    const end = this.#midline[stream];
    if (end === undefined) return 0;
    this.#midline[stream] = undefined;
    if (offset - end > tornBytesMax) return 0;
    const at = bytes.indexOf(newline);
    if (at < 0) this.#midline[stream] = offset + bytes.length;
    return at < 0 ? bytes.length : at + 1;
  }

  #cut(record: LogRecord, from: number, hasReturn: boolean): void {
    const { bytes, stream, offset } = record;
    let begin = from;
    while (begin < bytes.length) {
      const found = bytes.indexOf(newline, begin);
      const end = found < 0 ? bytes.length : found;
      const line = this.#openLine(record, offset + begin);
      if (line === undefined) return;
      if (end > begin) this.#append(line, bytes.subarray(begin, end), hasReturn);
      line.end = offset + end;
      if (found >= 0) this.#end(line);
      else this.#open[stream] = line;
      begin = this.#skim(bytes, end + 1);
    }
  }

  /** Passes over whole lines that can't be hits; the last one may go on in the next record. */
  #skim(bytes: Uint8Array, begin: number): number {
    const plan = this.#plan;
    if (plan.keeps === 'part' || plan.mayHit === undefined) return begin;
    const end = bytes.lastIndexOf(newline) + 1;
    if (end <= begin || plan.mayHit(bytes.subarray(begin, end))) return begin;
    return end;
  }

  /** The line that a byte at this offset belongs to; undefined where that is none of ours. */
  #openLine(record: LogRecord, offset: number): OpenLine | undefined {
    const { stream, at } = record;
    const open = this.#open[stream];
    if (open !== undefined) return open;
    if (offset >= this.#until) return undefined;
    const isTurn = offset === record.offset && this.#stream !== stream;
    const counts = { bytes: 0, hiddenBytes: 0, keptBytes: 0, shownBytes: 0, returnCount: 0 };
    return { offset, stream, at, isTurn, end: offset, pieces: [], ...counts };
  }

  #append(line: OpenLine, bytes: Uint8Array, hasReturn: boolean): void {
    const before = line.bytes;
    line.bytes += bytes.length;
    const trailing = hasReturn ? countTrailingReturns(bytes) : 0;
    let text = bytes.subarray(0, bytes.length - trailing);
    if (text.length > 0 && line.returnCount > 0) this.#return(line, before);
    line.returnCount += trailing;
    const last = hasReturn ? text.lastIndexOf(carriageReturn) : -1;
    if (last >= 0) {
      this.#return(line, before + last + 1);
      line.returnCount = trailing;
      text = text.subarray(last + 1);
    }
    this.#keep(line, text);
  }

  /** Its text starts again, so many bytes after its start. */
  #return(line: OpenLine, hiddenBytes: number): void {
    Object.assign(line, { pieces: [], keptBytes: 0, shownBytes: 0, returnCount: 0, hiddenBytes });
  }

  #keep(line: OpenLine, text: Uint8Array): void {
    const plan = this.#plan;
    const shown = line.shownBytes;
    line.shownBytes += text.length;
    if (plan.keeps === 'pieces') {
      this.#keepPieces(line, text, plan);
      return;
    }
    const skip = Math.min(text.length, Math.max(0, plan.skipBytes - shown));
    line.hiddenBytes += skip;
    const part = text.subarray(skip, skip + Math.max(0, plan.bytesMax - line.keptBytes));
    if (part.length === 0) return;
    line.pieces.push(part);
    line.keptBytes += part.length;
  }

  #keepPieces(line: OpenLine, text: Uint8Array, plan: TextPlan & { keeps: 'pieces' }): void {
    let left = text;
    while (left.length > 0 && line.hiddenBytes < searchLineBytesMax) {
      const part = left.subarray(0, plan.bytesMax - line.keptBytes);
      left = left.subarray(part.length);
      line.pieces.push(part);
      line.keptBytes += part.length;
      if (line.keptBytes < plan.bytesMax) return;
      this.#done.push(this.#seal(line, { isOpen: true }));
      const overlap = joinPieces(line.pieces).subarray(-plan.overlapBytes);
      line.hiddenBytes += line.keptBytes - overlap.length;
      line.pieces = [overlap];
      line.keptBytes = overlap.length;
    }
  }

  #end(line: OpenLine): void {
    this.#open[line.stream] = undefined;
    this.#done.push(this.#seal(line, { isOpen: false }));
  }

  #seal(line: OpenLine, { isOpen }: { readonly isOpen: boolean }): CutLine {
    const { offset, stream, at, hiddenBytes, pieces, keptBytes, isTurn } = line;
    const skipped = this.#plan.keeps === 'part' ? this.#plan.skipBytes : 0;
    const bytes = line.bytes - line.returnCount;
    const isCut = this.#plan.keeps === 'part' && line.shownBytes > skipped + keptBytes;
    const text = joinPieces(pieces);
    return { offset, stream, at, bytes, hiddenBytes, text, isCut, isOpen, isTurn };
  }
}

function joinPieces(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first === undefined) return new Uint8Array(0);
  return pieces.length === 1 ? first : Buffer.concat(pieces);
}

function countTrailingReturns(bytes: Uint8Array): number {
  let count = 0;
  while (count < bytes.length && bytes[bytes.length - 1 - count] === carriageReturn) count += 1;
  return count;
}
