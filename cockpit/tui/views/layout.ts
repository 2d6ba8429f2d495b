/*
 * Where everything is, from the size of the terminal, the pane that has the keys and little else.
 *
 * Team, jobs and log share the desk: from 100 columns side by side, from 60 stacked, below that one
 * pane for a thumb; a terminal too low for its width falls back to one pane. Details that are open on
 * the desk take the place of team and jobs, so that the log stays beside them. Every other pane, and
 * one that is zoomed, has the whole body. The last column stays free: terminals that wait with
 * wrapping would erase what stands there (ink facts, trap 25). Pure.
 */
import { columnsMin, rowsMin } from '../limits.ts';

/** A rectangle in cells, borders included. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Every pane, in the order of the tabs; `log` also shows the details that take its place. */
export const paneIds = ['team', 'jobs', 'log', 'inbox', 'doctor', 'events'] as const;

/** One pane. */
export type PaneId = (typeof paneIds)[number];

/** The size of the terminal, and what the layout depends on besides. */
export interface LayoutInput {
  readonly columns: number;
  readonly rows: number;
  /** Rows of the team as a tree, and of its workers alone where that is too much. */
  readonly teamRows: TeamRows;
  /** The pane that has the keys: it is always shown. */
  readonly focus: PaneId;
  /** Does it have the whole body to itself? */
  readonly isZoomed: boolean;
  /** Are the details of that pane open? */
  readonly hasDetail: boolean;
}

/** How many rows the team has in its two forms. */
export interface TeamRows {
  readonly tree: number;
  readonly flat: number;
}

/** Where everything is. A pane that has no rectangle is not shown. */
export interface Layout {
  readonly kind: 'tiny' | 'single' | 'stacked' | 'wide';
  /** Columns that may be painted. */
  readonly width: number;
  readonly panes: Readonly<Partial<Record<PaneId, Rect>>>;
  /** Where panes and overlays may be. */
  readonly body: Rect;
}

const wideColumnsMin = 100;
const stackedColumnsMin = 60;
// Less leaves single rows in each of the three boxes.
const stackedRowsMin = 18;
const wideRowsMin = 10;
const teamRowsMin = 5;
// The M2, Wally, two headings, and as many workers as a small box would show without them.
const treeRowsMin = 10;
// Less than this beside an overlay looks like a mistake.
const marginCells = 4;
// The header and the tabs above the body, the footer below.
const headRows = 2;
const footRows = 1;
// A list and its details below each other; less leaves either without a row.
const pairRowsMin = 12;

/** Lays out the screen. */
export function layoutScreen(input: LayoutInput): Layout {
  const { columns, rows, focus } = input;
  const width = Math.max(0, columns - 1);
  const body = { x: 0, y: headRows, width, height: Math.max(0, rows - headRows - footRows) };
  if (columns < columnsMin || rows < rowsMin) return { kind: 'tiny', width, panes: {}, body };
  const kind = chooseKind(input);
  const isAlone = kind === 'single' || input.isZoomed || !isOnDesk(focus);
  if (isAlone) return { kind, width, panes: { [focus]: body }, body };
  const layDesk = kind === 'wide' ? layoutWide : layoutStacked;
  const panes = layDesk(body, input.teamRows, focus);
  const isOpen = input.hasDetail && focus !== 'log';
  return { kind, width, panes: isOpen ? openDetail(panes, focus) : panes, body };
}

/** The lists of the desk make room for the details of one of them. */
function openDetail({ team, jobs, log }: Desk, focus: PaneId): Layout['panes'] {
  return { [focus]: { ...team, height: team.height + jobs.height }, log };
}

type Desk = Readonly<Record<'team' | 'jobs' | 'log', Rect>>;

/** Is there room for a tree of so many rows, or for so much of it that it is worth scrolling? */
export function fitsAsTree(treeRows: number, room: number): boolean {
  return room >= Math.min(treeRowsMin, treeRows);
}

function chooseKind({ columns, rows }: LayoutInput): 'single' | 'stacked' | 'wide' {
  if (columns >= wideColumnsMin && rows >= wideRowsMin) return 'wide';
  return columns >= stackedColumnsMin && rows >= stackedRowsMin ? 'stacked' : 'single';
}

/** Does the pane share the body with the log? */
export function isOnDesk(pane: PaneId): boolean {
  return pane === 'team' || pane === 'jobs' || pane === 'log';
}

function layoutWide(body: Rect, teamRows: TeamRows): Desk {
  const left = Math.min(88, Math.max(54, Math.floor(body.width * 0.5)));
  const team = boxRows(teamRows, Math.floor(body.height * 0.4));
  return {
    team: { x: 0, y: body.y, width: left, height: team },
    jobs: { x: 0, y: body.y + team, width: left, height: body.height - team },
    log: { x: left, y: body.y, width: body.width - left, height: body.height },
  };
}

/** What has the keys has the most room. */
function layoutStacked(body: Rect, teamRows: TeamRows, focus: PaneId): Desk {
  const share = { team: [0.45, 0.25], jobs: [0.2, 0.5] }[focus as 'team' | 'jobs'] ?? [0.3, 0.25];
  const [teamShare = 0.3, jobsShare = 0.25] = share;
  const team = boxRows(teamRows, Math.floor(body.height * teamShare));
  const jobs = Math.max(4, Math.floor(body.height * jobsShare));
  return {
    team: { ...body, height: team },
    jobs: { ...body, y: body.y + team, height: jobs },
    log: { ...body, y: body.y + team + jobs, height: body.height - team - jobs },
  };
}

/** Borders, titles and the rows, within the bounds. */
function boxRows(team: TeamRows, rowsMax: number): number {
  const rows = fitsAsTree(team.tree, rowsMax - 3) ? team.tree : team.flat;
  return Math.min(Math.max(4, rowsMax), Math.max(teamRowsMin, rows + 3));
}

/** A list and the details of what is selected in it; one of them only where both have no room. */
export interface PairLayout {
  readonly list: Rect | undefined;
  readonly detail: Rect | undefined;
}

/** Splits a pane into its list and its details: beside each other, below each other, or in turn. */
export function layoutPair(rect: Rect, inTurn: 'list' | 'detail'): PairLayout {
  if (rect.width >= wideColumnsMin - 1) {
    const left = Math.floor(rect.width * 0.5);
    return {
      list: { ...rect, width: left },
      detail: { ...rect, x: rect.x + left, width: rect.width - left },
    };
  }
  if (rect.width >= stackedColumnsMin - 1 && rect.height >= pairRowsMin) {
    const top = Math.floor(rect.height * 0.45);
    return {
      list: { ...rect, height: top },
      detail: { ...rect, y: rect.y + top, height: rect.height - top },
    };
  }
  return inTurn === 'list' ? { list: rect, detail: undefined } : { list: undefined, detail: rect };
}

/** What a pane is made of; a part that is missing has no room, or is another pane's affair. */
export interface PaneParts extends PairLayout {
  readonly head: Rect | undefined;
}

/** The parts of a pane with a list; `inTurn` is the one that is shown where only one has room. */
export function layoutParts(pane: PaneId, rect: Rect, inTurn: 'list' | 'detail'): PaneParts {
  if (pane === 'events') return layoutTimeline(rect);
  if (isOnDesk(pane)) return { head: undefined, list: rect, detail: undefined };
  return { head: undefined, ...layoutPair(rect, inTurn) };
}

/** The hours above, the events below, and what is selected beside or below them. */
function layoutTimeline(rect: Rect): PaneParts {
  const headRows = rect.height >= timelineRowsMin ? hourRows : 0;
  const head = headRows === 0 ? undefined : { ...rect, height: headRows };
  const rest = { ...rect, y: rect.y + headRows, height: rect.height - headRows };
  if (rest.width >= wideColumnsMin - 1) {
    const width = Math.floor(rest.width * 0.6);
    const detail = { ...rest, x: rest.x + width, width: rest.width - width };
    return { head, list: { ...rest, width }, detail };
  }
  if (rest.height < 2 * eventRows) return { head, list: rest, detail: undefined };
  const height = rest.height - eventRows;
  return {
    head,
    list: { ...rest, height },
    detail: { ...rest, y: rest.y + height, height: eventRows },
  };
}

// A row of bars, a row of days, and the borders.
const hourRows = 4;
// Less leaves the events without rows.
const timelineRowsMin = 12;
// What one event says, with its borders.
const eventRows = 8;

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
