/*
 * Lines of a log as rows of exact width: what stands beside them, their text, their hits. Pure.
 *
 * Beside a line, from the left: one sign (it is where one stands, marked, of stderr, or only near a
 * hit), the instant where it is wanted, the worker's name where several logs are read as one.
 */

import type { LogSource } from '../../verbs/shapes.ts';
import { nameCellsMax } from '../limits.ts';
import type { LogRoom, LogView } from '../state/log-view.ts';
import { endOf, lineAt } from '../state/log-window.ts';
import { cutSign, type LogLine, plainText } from './log-text.ts';
import { dayClock, sizeText } from './phrases.ts';
import { breakRow, fitRow, type Row, type Span, sliceRow, span } from './row.ts';
import { fitCells, measureCells } from './width.ts';

/** What rows are made from besides the view. */
export interface LogLook {
  readonly width: number;
  readonly room: LogRoom;
  readonly zoneMinutes: number;
}

/** Columns beside the text. */
export function measureMargin(view: LogView, width: number): number {
  return signCells + measureStamp(view, width) + measureName(view);
}

const signCells = 2;
// Milliseconds only where there is room for them.
const longStampWidthMin = 70;

function measureStamp({ hasTimestamps }: LogView, width: number): number {
  if (!hasTimestamps) return 0;
  return width >= longStampWidthMin ? 13 : 9;
}

function measureName({ sources }: LogView): number {
  if (sources.length < 2) return 0;
  const widest = Math.max(...sources.map((source) => measureCells(nameOf(source, sources))));
  return Math.min(nameCellsMax, widest) + 1;
}

/** Whose line it is: the worker's name, with the job where a worker has several. */
function nameOf(source: LogSource, sources: readonly LogSource[]): string {
  const isAlone = sources.filter(({ worker }) => worker === source.worker).length === 1;
  return isAlone ? source.worker : `${source.worker} ${source.job}`;
}

/** The rows in sight, no more than there is room for. */
export function logLineRows(view: LogView, look: LogLook): readonly Row[] {
  const rows: Row[] = [];
  for (let number = view.top; number < endOf(view.window); number += 1) {
    if (rows.length >= look.room.rows + view.row) break;
    const line = lineAt(view.window, number);
    if (line === undefined) continue;
    const isChosen = isInRange(view, number);
    for (const row of lineRows(view, line, { ...look, isCurrent: isCurrent(view, line, number) })) {
      rows.push(isChosen ? [span(row.map(({ text }) => text).join(''), 'selected')] : row);
    }
  }
  return rows.slice(view.row, view.row + look.room.rows);
}

/** Is it the end of what is being chosen, or the line that one was led to? */
function isCurrent({ range, current }: LogView, line: LogLine, number: number): boolean {
  if (range !== undefined) return number === range.to;
  return current !== undefined && line.log === current.log && line.offset === current.offset;
}

function isInRange({ range }: LogView, number: number): boolean {
  if (range === undefined) return false;
  return number >= Math.min(range.from, range.to) && number <= Math.max(range.from, range.to);
}

/** A line looks the same as long as it is looked at the same way; most of the screen does at most times. */
function lineRows(
  view: LogView,
  line: LogLine,
  look: LogLook & { readonly isCurrent: boolean },
): readonly Row[] {
  const margin = marginRow(view, line, look);
  const { isWrapped, left, search } = view;
  const beside = margin.map(({ text, role }) => `${role}${text}`).join();
  const key = [look.width, isWrapped, left, search?.pattern ?? '', beside].join('\0');
  const known = drawn.get(line);
  if (known?.key === key) return known.rows;
  const rows = drawLine(view, line, { ...look, margin });
  drawn.set(line, { key, rows });
  return rows;
}

const drawn = new WeakMap<LogLine, { readonly key: string; readonly rows: readonly Row[] }>();

function drawLine(
  view: LogView,
  line: LogLine,
  look: LogLook & { readonly margin: Row },
): readonly Row[] {
  const { margin } = look;
  const cells = look.room.textCells;
  if (line.stream === 'gap') {
    const why = line.isLost ? 'is missing here: the hub’s copy is damaged' : 'fell out here';
    const text = `── ${sizeText(line.bytes)} of output ${why} ──`;
    return [[...margin, ...fitRow([span(text, 'dim')], cells)]];
  }
  const text = textRow(view, line);
  if (!view.isWrapped) {
    return [[...margin, ...fitRow(sliceRow(text, view.left, view.left + cells + 1), cells)]];
  }
  const blank = span(' '.repeat(look.width - cells));
  return breakRow(text, cells).map((part, index) => {
    const fitted = fitRow(part, cells);
    return index === 0 ? [...margin, ...fitted] : [blank, ...fitted];
  });
}

function marginRow(
  view: LogView,
  line: LogLine,
  { width, zoneMinutes, isCurrent }: LogLook & { readonly isCurrent: boolean },
): Row {
  const stampCells = measureStamp(view, width);
  const nameCells = measureName(view);
  const stamp = dayClock(line.at, zoneMinutes).slice(0, Math.max(0, stampCells - 1));
  const source = view.sources[line.log];
  const name = source === undefined ? '' : nameOf(source, view.sources);
  return [
    signOf(view, line, isCurrent),
    ...(stampCells === 0 ? [] : [span(`${stamp} `, 'dim')]),
    ...(nameCells === 0 ? [] : [span(`${fitCells(name, nameCells - 1)} `, 'accent')]),
  ];
}

function signOf(view: LogView, line: LogLine, isCurrent: boolean): Span {
  if (isCurrent) return span('▸ ', 'accent');
  const isMarked = view.marks.some(({ log, offset }) => log === line.log && offset === line.offset);
  if (isMarked) return span('◆ ', 'warn');
  if (line.stream === 'stderr') return span('┃ ', 'bad');
  return line.isContext ? span('· ', 'dim') : span('  ');
}

/** The text with its own colours and the hits of a plain pattern; a sign where it goes on. */
function textRow({ search }: LogView, line: LogLine): Row {
  const runs = line.runs.map(({ text, sgr }): Span => ({ text, role: 'plain', sgr }));
  const hits = search === undefined ? [] : findHits(plainText(line), search.pattern);
  const shown = hits.length === 0 ? runs : markHits(runs, hits);
  return line.isCut ? [...shown, span(cutSign, 'dim')] : shown;
}

/** Where a plain pattern is; a regular expression only finds lines, for it could take for ever here. */
function findHits(text: string, pattern: string): readonly (readonly [number, number])[] {
  if (/^\/.+\/$/.test(pattern)) return [];
  const isExact = pattern !== pattern.toLowerCase();
  const lower = isExact ? text : text.toLowerCase();
  // A letter whose small form is longer would put the hits in the wrong place.
  if (lower.length !== text.length) return [];
  const hits: (readonly [number, number])[] = [];
  for (let at = lower.indexOf(pattern); at >= 0; at = lower.indexOf(pattern, at + pattern.length)) {
    hits.push([at, at + pattern.length]);
  }
  return hits;
}

function markHits(runs: readonly Span[], hits: readonly (readonly [number, number])[]): Row {
  const marked: Span[] = [];
  let begin = 0;
  for (const run of runs) {
    let at = 0;
    for (const [from, to] of hits) {
      const [first, last] = [Math.max(from - begin, at), Math.min(to - begin, run.text.length)];
      if (first >= last) continue;
      if (first > at) marked.push({ ...run, text: run.text.slice(at, first) });
      marked.push(span(run.text.slice(first, last), 'selected'));
      at = last;
    }
    if (at < run.text.length) marked.push({ ...run, text: run.text.slice(at) });
    begin += run.text.length;
  }
  return marked;
}
