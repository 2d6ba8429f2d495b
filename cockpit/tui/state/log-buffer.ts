/*
 * The end of one log, as lines ready to be drawn: bounded in lines and in bytes.
 *
 * Lines are numbered from 0 for as long as the log is followed; when old ones fall out the numbers
 * of the others stay. stdout and stderr have a line of their own each, so that a torn line of one
 * is not cut by the other. A carriage return starts its line again, as progress bars want.
 * Mutable by design: text of logs stays out of the store, which only holds the numbers.
 */
import type { LogStream } from '../../../protocol/model.ts';
import {
  lineCellsMax,
  lineCharsMax,
  logBytesMax,
  logLinesMax,
  logRunBytes,
  tabCells,
} from '../limits.ts';
import { type AnsiState, ansiStart, readAnsi } from '../views/ansi.ts';
import { measureCells, sliceCells } from '../views/width.ts';

/** Text of one style; `sgr` holds SGR parameters, empty when plain. */
export interface LogRun {
  readonly text: string;
  readonly sgr: string;
}

/** One line; a `note` is ours, about the log. */
export interface LogLine {
  readonly kind: LogStream | 'note';
  readonly runs: readonly LogRun[];
  readonly isCut: boolean;
}

/** What views read. `first` is the oldest line kept, `end` one past the newest. */
export interface LogLines {
  readonly first: number;
  readonly end: number;
  /** Grows with every change, also of a line that was there already. */
  readonly revision: number;
  line(number: number): LogLine | undefined;
}

/** The caps, as arguments so that tests can reach them. */
export interface LogCaps {
  readonly lines: number;
  readonly bytes: number;
  readonly lineCells: number;
}

interface OpenLine {
  kind: LogLine['kind'];
  runs: LogRun[];
  isCut: boolean;
  cells: number;
  chars: number;
}

interface Source {
  ansi: AnsiState;
  /** The number of its unfinished line. */
  open: number | undefined;
  isReturning: boolean;
}

const capsDefault: LogCaps = { lines: logLinesMax, bytes: logBytesMax, lineCells: lineCellsMax };

/** A followed log: opened empty, fed, cleared for the next one. */
export class LogBuffer implements LogLines {
  first = 0;
  revision = 0;
  readonly #caps: LogCaps;
  #lines: (OpenLine | undefined)[] = [];
  #skipped = 0;
  #bytes = 0;
  #sources = openSources();

  constructor(caps: LogCaps = capsDefault) {
    this.#caps = caps;
  }

  get end(): number {
    return this.first + this.#lines.length - this.#skipped;
  }

  line(number: number): LogLine | undefined {
    return number < this.first ? undefined : this.#lines[number - this.first + this.#skipped];
  }

  /** Takes output as it came, torn anywhere. */
  append(stream: LogStream, text: string): void {
    const source = this.#sources[stream];
    const { tokens, state } = readAnsi(source.ansi, text);
    source.ansi = state;
    for (const token of tokens) {
      if (token.type === 'newline') this.#endLine(stream);
      else if (token.type === 'return') source.isReturning = true;
      else if (token.type === 'tab') this.#write(stream, undefined, token.sgr);
      else this.#write(stream, token.text, token.sgr);
    }
    this.#trim();
    this.revision += 1;
  }

  /** Adds a line of ours, such as where output is missing. */
  note(text: string): void {
    this.#push('note').runs.push({ text, sgr: '' });
    this.#trim();
    this.revision += 1;
  }

  clear(): void {
    this.first = 0;
    this.#lines = [];
    this.#skipped = 0;
    this.#bytes = 0;
    this.#sources = openSources();
    this.revision += 1;
  }

  #endLine(stream: LogStream): void {
    const source = this.#sources[stream];
    if (source.open === undefined) this.#push(stream);
    source.open = undefined;
    source.isReturning = false;
  }

  /** Writes text, or a tab where there is none. */
  #write(stream: LogStream, text: string | undefined, sgr: string): void {
    const line = this.#openLine(stream);
    if (line.isCut) return;
    const whole = text ?? ' '.repeat(tabCells - (line.cells % tabCells));
    const cells = measureCells(whole);
    const room = this.#caps.lineCells - line.cells;
    const charsRoom = lineCharsMax - line.chars;
    line.isCut = cells > room || whole.length > charsRoom;
    const kept = line.isCut
      ? sliceCells(whole.slice(0, charsRoom).toWellFormed(), 0, room).text
      : whole;
    line.cells += line.isCut ? measureCells(kept) : cells;
    line.chars += kept.length;
    this.#bytes += kept.length;
    const last = line.runs.at(-1);
    if (last !== undefined && last.sgr === sgr) {
      line.runs[line.runs.length - 1] = { text: last.text + kept, sgr };
    } else {
      line.runs.push({ text: kept, sgr });
      this.#bytes += logRunBytes;
    }
  }

  #openLine(stream: LogStream): OpenLine {
    const source = this.#sources[stream];
    const place = source.open === undefined ? -1 : source.open - this.first + this.#skipped;
    const found = place < this.#skipped ? undefined : this.#lines[place];
    const line = found ?? this.#push(stream);
    if (found === undefined) source.open = this.end - 1;
    if (source.isReturning) {
      this.#bytes -= costOf(line) - logRunBytes;
      Object.assign(line, { runs: [], cells: 0, chars: 0, isCut: false });
      source.isReturning = false;
    }
    return line;
  }

  #push(kind: LogLine['kind']): OpenLine {
    const line: OpenLine = { kind, runs: [], isCut: false, cells: 0, chars: 0 };
    this.#lines.push(line);
    this.#bytes += logRunBytes;
    return line;
  }

  #trim(): void {
    const count = () => this.#lines.length - this.#skipped;
    while (count() > this.#caps.lines || (this.#bytes > this.#caps.bytes && count() > 1)) {
      const oldest = this.#lines[this.#skipped];
      if (oldest !== undefined) this.#bytes -= costOf(oldest);
      this.#lines[this.#skipped] = undefined;
      this.#skipped += 1;
      this.first += 1;
    }
    // Moving the rest down once per cap's worth of lines keeps dropping a line cheap.
    if (this.#skipped > this.#caps.lines) {
      this.#lines = this.#lines.slice(this.#skipped);
      this.#skipped = 0;
    }
  }
}

function openSources(): Record<LogStream, Source> {
  const open = (): Source => ({ ansi: ansiStart, open: undefined, isReturning: false });
  return { stdout: open(), stderr: open() };
}

function costOf(line: OpenLine): number {
  return line.chars + logRunBytes * (line.runs.length + 1);
}
