/*
 * What the log pane knows: whose log, which lines of it, where one stands, what is searched. Pure.
 *
 * A view is opened for one job, or for several whose logs are read as one. What the hub says to an
 * older view, told by its token, is dropped. Rows are counted as they are drawn: wrapped, a line may
 * take many; `top` and `row` say which is the first in sight.
 */
import type { ErrorShape } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';
import type { LogSource } from '../../verbs/shapes.ts';
import { cutSign, type LogLine } from '../views/log-text.ts';
import { breakRow, span } from '../views/row.ts';
import { emptyWindow, endOf, type LogWindowState, lineAt } from './log-window.ts';

/** A line, wherever it is. */
export interface LinePlace {
  readonly log: number;
  readonly offset: number;
}

/** A search: what for, how many hits are known, and the first of them as places. */
export interface LogSearch {
  readonly pattern: string;
  readonly count: number;
  readonly hits: readonly LinePlace[];
  /** Was everything searched? */
  readonly isDone: boolean;
}

/** Which lines are shown: all, hits with some around them, hits alone. */
export type LogFilter = 'all' | 'near' | 'hits';

/**
 * What was asked of the hub and has not come yet. `goal` is the line that is to be in sight then,
 * `goalAt` the instant of that line.
 */
export interface LogPending {
  readonly what: 'open' | 'jump' | 'back' | 'on';
  readonly goal?: LinePlace | undefined;
  readonly goalAt?: number | undefined;
}

/** What one is used to see, kept from log to log. */
export interface LogLook {
  readonly isWrapped: boolean;
  readonly hasTimestamps: boolean;
}

/** The log pane. */
export interface LogView extends LogLook {
  /** The selected job; its log, or those of `jobs`, is shown. */
  readonly job: JobId | undefined;
  /** Whose logs are read as one; empty where there is none to be read. */
  readonly jobs: readonly JobId[];
  readonly token: number;
  readonly sources: readonly LogSource[];
  readonly window: LogWindowState;
  readonly top: number;
  readonly row: number;
  /** First column in sight, and how many bytes of each line lie before the text that is held. */
  readonly left: number;
  readonly skipBytes: number;
  readonly isFollowing: boolean;
  /** Lines that came since following stopped. */
  readonly newCount: number;
  readonly pending: LogPending | undefined;
  readonly filter: LogFilter;
  readonly search: LogSearch | undefined;
  /** The line that a search, a mark or a jump led to. */
  readonly current: LinePlace | undefined;
  readonly marks: readonly LinePlace[];
  /** Lines being chosen, by their numbers: from where, and to where one has moved. */
  readonly range: { readonly from: number; readonly to: number } | undefined;
  readonly isEnded: boolean;
  readonly error: ErrorShape | undefined;
}

/** A log that was just chosen, looked at as the one before. */
export function openLogView(
  about: Pick<LogView, 'job' | 'jobs' | 'token'>,
  look: LogLook = { isWrapped: false, hasTimestamps: false },
): LogView {
  const { isWrapped, hasTimestamps } = look;
  return {
    ...about,
    isWrapped,
    hasTimestamps,
    sources: [],
    window: emptyWindow,
    top: 0,
    row: 0,
    left: 0,
    skipBytes: 0,
    isFollowing: true,
    newCount: 0,
    pending: undefined,
    filter: 'all',
    search: undefined,
    current: undefined,
    marks: [],
    range: undefined,
    isEnded: false,
    error: undefined,
  };
}

/** How the pane is laid out: rows in sight, and columns for the text of a line. */
export interface LogRoom {
  readonly rows: number;
  readonly textCells: number;
  /** Rows after the last line: how the job ended. */
  readonly endRows: number;
}

/** Rows that a line takes. */
export function rowsOf(view: LogView, line: LogLine | undefined, { textCells }: LogRoom): number {
  if (!view.isWrapped || line === undefined || line.stream === 'gap') return 1;
  const known = wrapped.get(line);
  if (known?.cells === textCells) return known.rows;
  const row = line.runs.map(({ text }) => span(text));
  const whole = line.isCut ? [...row, span(cutSign)] : row;
  const rows = breakRow(whole, Math.max(1, textCells)).length;
  wrapped.set(line, { cells: textCells, rows });
  return rows;
}

/** Asked after every key for every line in sight and around it. */
const wrapped = new WeakMap<LogLine, { readonly cells: number; readonly rows: number }>();

/** A row in the pane: of which line, and which of its rows. */
export interface RowPlace {
  readonly top: number;
  readonly row: number;
}

/** The first row in sight when the last one is the last of all. */
export function findEndPlace(view: LogView, room: LogRoom): RowPlace {
  const end = endOf(view.window);
  return stepBack(view, room, { from: { top: end, row: room.endRows }, count: room.rows });
}

/** The place so many rows further on, or back; never beyond the window. */
export function moveRows(view: LogView, room: LogRoom, count: number): RowPlace {
  const from = { top: view.top, row: view.row };
  if (count < 0) return stepBack(view, room, { from, count: -count });
  let { top, row } = from;
  for (let left = count; left > 0; ) {
    const rows = rowsOf(view, lineAt(view.window, top), room);
    if (row + left < rows) return earlier({ top, row: row + left }, findEndPlace(view, room));
    left -= rows - row;
    top += 1;
    row = 0;
    if (top >= endOf(view.window)) break;
  }
  return earlier({ top, row }, findEndPlace(view, room));
}

function stepBack(
  view: LogView,
  room: LogRoom,
  { from, count }: { readonly from: RowPlace; readonly count: number },
): RowPlace {
  let { top, row } = from;
  for (let left = count; left > 0; ) {
    if (row >= left) return { top, row: row - left };
    left -= row;
    if (top <= view.window.first) return { top: view.window.first, row: 0 };
    top -= 1;
    row = rowsOf(view, lineAt(view.window, top), room);
  }
  return { top, row };
}

/** The one that is further up. */
export function earlier(a: RowPlace, b: RowPlace): RowPlace {
  return a.top < b.top || (a.top === b.top && a.row <= b.row) ? a : b;
}

/** One past the number of the last line that is in sight, at least in part. */
export function findSightEnd(view: LogView, room: LogRoom): number {
  let { top } = view;
  let rows = -view.row;
  while (rows < room.rows && top < endOf(view.window)) {
    rows += rowsOf(view, lineAt(view.window, top), room);
    top += 1;
  }
  return top;
}

/** The view made legal: nothing is scrolled past what there is, a followed log is at its end. */
export function settleView(view: LogView, room: LogRoom): LogView {
  const end = findEndPlace(view, room);
  const first = { top: view.window.first, row: 0 };
  const held = view.top < first.top ? first : { top: view.top, row: view.row };
  const { top, row } = view.isFollowing ? end : earlier(held, end);
  if (top === view.top && row === view.row) return view;
  return { ...view, top, row };
}

/** The number of the line that keys are about: one being chosen, the one led to, or the first in sight. */
export function findCurrent(view: LogView, room: LogRoom): number {
  if (view.range !== undefined) return view.range.to;
  const { current, window } = view;
  if (current !== undefined) {
    for (let number = view.top; number < findSightEnd(view, room); number += 1) {
      const line = lineAt(window, number);
      if (line?.log === current.log && line.offset === current.offset) return number;
    }
  }
  return view.isFollowing ? Math.max(window.first, endOf(window) - 1) : view.top;
}

/** Which hit it is, from 1; undefined where that is not known. */
export function findHitNumber({ search, current }: LogView): number | undefined {
  if (search === undefined || current === undefined) return undefined;
  const index = search.hits.findIndex(
    ({ log, offset }) => log === current.log && offset === current.offset,
  );
  return index < 0 ? undefined : index + 1;
}
