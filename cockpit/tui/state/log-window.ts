/*
 * The lines of a log that the screen holds: a window that can be moved over a log of any size. Pure.
 *
 * Lines are numbered; when older ones are put before them the numbers of the others stay, and those
 * of the new ones may be below zero. Bounded in lines and bytes: what is added at one side drops
 * what is furthest on the other. `begin` and `end` are cuts as the hub means them: an offset for each
 * log, so that the next window joins without a hole.
 */
import { windowBytesMax, windowLinesMax } from '../limits.ts';
import { type LogLine, measureLine } from '../views/log-text.ts';

/** The window. `end` of the numbers is `first + lines.length`. */
export interface LogWindowState {
  readonly first: number;
  readonly lines: readonly LogLine[];
  readonly bytes: number;
  readonly begin: readonly number[];
  readonly end: readonly number[];
  /** Nothing lies before it, or after it as far as the hub has it. */
  readonly isStart: boolean;
  readonly isEnd: boolean;
}

/** What the hub gave. */
export type LogPage = Omit<LogWindowState, 'first' | 'bytes'>;

/** No line, of no log. */
export const emptyWindow: LogWindowState = {
  first: 0,
  lines: [],
  bytes: 0,
  begin: [],
  end: [],
  isStart: true,
  isEnd: true,
};

/** One past the number of the last line. */
export function endOf(window: LogWindowState): number {
  return window.first + window.lines.length;
}

/** The line of this number. */
export function lineAt(window: LogWindowState, number: number): LogLine | undefined {
  return window.lines[number - window.first];
}

/** The number of a line of a log, or undefined where it is not in the window. */
export function findLine(
  window: LogWindowState,
  place: { readonly log: number; readonly offset: number },
): number | undefined {
  const index = window.lines.findIndex(
    ({ log, offset }) => log === place.log && offset === place.offset,
  );
  return index < 0 ? undefined : window.first + index;
}

/** A page alone. */
export function openWindow(page: LogPage): LogWindowState {
  return { ...page, first: 0, bytes: sum(page.lines) };
}

/** The window with the page before it; what is too much is dropped at its end. */
export function prepend(window: LogWindowState, page: LogPage): LogWindowState {
  const joined: LogWindowState = {
    ...window,
    first: window.first - page.lines.length,
    lines: [...page.lines, ...window.lines],
    bytes: window.bytes + sum(page.lines),
    begin: page.begin,
    isStart: page.isStart,
  };
  return dropEnd(joined);
}

/** The window with the page after it; what is too much is dropped at its start. */
export function append(window: LogWindowState, page: LogPage): LogWindowState {
  const isOpen = window.lines.at(-1)?.isOpen === true;
  const joined: LogWindowState = {
    ...window,
    lines: [...window.lines, ...page.lines],
    bytes: window.bytes + sum(page.lines),
    end: page.end,
    // A line that had no end yet may have grown meanwhile; only the stream of new lines knows.
    isEnd: page.isEnd && !isOpen,
  };
  return dropStart(joined);
}

/**
 * The window with lines that were written just now; those that have grown take their own place.
 * `drops` says whether older lines give way: not while somebody reads them.
 */
export function grow(
  window: LogWindowState,
  fresh: readonly LogLine[],
  { drops }: { readonly drops: boolean },
): LogWindowState {
  const lines = [...window.lines];
  const end = [...window.end];
  let bytes = window.bytes;
  for (const line of fresh) {
    const known = findOpen(lines, line);
    if (known >= 0) {
      bytes += measureLine(line) - measureLine(lines[known] ?? line);
      lines[known] = line;
    } else if (line.offset >= (end[line.log] ?? 0)) {
      lines.push(line);
      bytes += measureLine(line);
      end[line.log] = line.offset + 1;
    }
  }
  const grown = { ...window, lines, bytes, end };
  return drops ? dropStart(grown) : grown;
}

/** Would it be over its bounds with so many lines more? */
export function isFull({ lines, bytes }: LogWindowState, more: number): boolean {
  return lines.length + more > windowLinesMax || bytes > windowBytesMax;
}

/** Index of a line that had no end when it came; such lines are among the last. */
function findOpen(lines: readonly LogLine[], { log, offset }: LogLine): number {
  for (
    let index = lines.length - 1;
    index >= Math.max(0, lines.length - openSearched);
    index -= 1
  ) {
    const line = lines[index];
    if (line?.log === log && line.offset === offset) return index;
    if (line?.log === log && line.offset < offset) return -1;
  }
  return -1;
}

const openSearched = 1000;

function dropStart(window: LogWindowState): LogWindowState {
  const { lines } = window;
  let { bytes } = window;
  let count = 0;
  while (lines.length - count > windowLinesMax || bytes > windowBytesMax) {
    const line = lines[count];
    if (line === undefined || count === lines.length - 1) break;
    bytes -= measureLine(line);
    count += 1;
  }
  if (count === 0) return window;
  const begin = [...window.begin];
  for (const line of lines.slice(0, count)) begin[line.log] = line.offset + 1;
  const first = window.first + count;
  return { ...window, first, lines: lines.slice(count), bytes, begin, isStart: false };
}

function dropEnd(window: LogWindowState): LogWindowState {
  const { lines } = window;
  let { bytes } = window;
  let kept = lines.length;
  while (kept > 1 && (kept > windowLinesMax || bytes > windowBytesMax)) {
    const line = lines[kept - 1];
    if (line !== undefined) bytes -= measureLine(line);
    kept -= 1;
  }
  if (kept === lines.length) return window;
  const end = [...window.end];
  for (const line of lines.slice(kept).toReversed()) end[line.log] = line.offset;
  return { ...window, lines: lines.slice(0, kept), bytes, end, isEnd: false };
}

function sum(lines: readonly LogLine[]): number {
  return lines.reduce((bytes, line) => bytes + measureLine(line), 0);
}
