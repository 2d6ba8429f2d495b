/*
 * Where everything is, from the size of the terminal alone and the number of workers.
 *
 * Three widths: from 100 columns side by side, from 60 stacked, below that one pane for a thumb;
 * a terminal too low for its width falls back to one pane. The last column stays free: terminals
 * that wait with wrapping would erase what stands there (ink facts, trap 25). Pure.
 */
import { columnsMin, rowsMin } from '../limits.ts';

/** A rectangle in cells, borders included. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The three panes; `log` also shows the details that take its place. */
export type PaneId = 'team' | 'jobs' | 'log';

/** The size of the terminal, and what the layout depends on besides. */
export interface LayoutInput {
  readonly columns: number;
  readonly rows: number;
  readonly workerCount: number;
}

/** Where everything is. A pane that has no rectangle is not shown. */
export interface Layout {
  readonly kind: 'tiny' | 'single' | 'stacked' | 'wide';
  /** Columns that may be painted. */
  readonly width: number;
  readonly panes: Readonly<Partial<Record<PaneId, Rect>>>;
  /** Where overlays may be. */
  readonly body: Rect;
}

const wideColumnsMin = 100;
const stackedColumnsMin = 60;
// Less leaves single rows in each of the three boxes.
const stackedRowsMin = 18;
const wideRowsMin = 10;
const teamRowsMin = 5;
// Less than this beside an overlay looks like a mistake.
const marginCells = 4;

/** Lays out the screen; `focus` says which pane is shown where there is room for only one. */
export function layoutScreen(input: LayoutInput, focus: PaneId): Layout {
  const { columns, rows } = input;
  const width = Math.max(0, columns - 1);
  const body = { x: 0, y: 1, width, height: Math.max(0, rows - 2) };
  if (columns < columnsMin || rows < rowsMin) return { kind: 'tiny', width, panes: {}, body };
  if (columns >= wideColumnsMin && rows >= wideRowsMin) {
    return { kind: 'wide', width, panes: layoutWide(body, input.workerCount), body };
  }
  if (columns >= stackedColumnsMin && rows >= stackedRowsMin) {
    return { kind: 'stacked', width, panes: layoutStacked(body, input.workerCount), body };
  }
  const pane = { ...body, y: 2, height: body.height - 1 };
  return { kind: 'single', width, panes: { [focus]: pane }, body };
}

function layoutWide(body: Rect, workerCount: number): Layout['panes'] {
  const left = Math.min(88, Math.max(54, Math.floor(body.width * 0.5)));
  const team = boxRows(workerCount, Math.floor(body.height * 0.4));
  return {
    team: { x: 0, y: body.y, width: left, height: team },
    jobs: { x: 0, y: body.y + team, width: left, height: body.height - team },
    log: { x: left, y: body.y, width: body.width - left, height: body.height },
  };
}

function layoutStacked(body: Rect, workerCount: number): Layout['panes'] {
  const team = boxRows(workerCount, Math.floor(body.height * 0.3));
  const jobs = Math.max(4, Math.floor(body.height * 0.33));
  return {
    team: { ...body, height: team },
    jobs: { ...body, y: body.y + team, height: jobs },
    log: { ...body, y: body.y + team + jobs, height: body.height - team - jobs },
  };
}

/** Borders, titles and a row a worker, within the bounds. */
function boxRows(workerCount: number, rowsMax: number): number {
  return Math.min(Math.max(4, rowsMax), Math.max(teamRowsMin, workerCount + 3));
}

/** Columns between the borders of a box. */
export function innerWidth(rect: Rect): number {
  return Math.max(0, rect.width - 2);
}

/** A rectangle of this size in the middle of `body`, cut to fit; it never almost fills the width. */
export function centerRect(
  body: Rect,
  size: { readonly width: number; readonly height: number },
): Rect {
  const isRoomy = body.width >= size.width + 2 * marginCells;
  const width = isRoomy
    ? size.width
    : body.width < stackedColumnsMin - 1
      ? body.width
      : body.width - 2 * marginCells;
  const height = Math.min(size.height, body.height);
  return {
    x: body.x + Math.floor((body.width - width) / 2),
    y: body.y + Math.floor((body.height - height) / 2),
    width,
    height,
  };
}
