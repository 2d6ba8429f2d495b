/*
 * What is visible: sizes of lists, and the rule that keeps log and overlays legal.
 *
 * It runs after every event, so no other code has to think of bounds: a followed log stays at its
 * end, nothing scrolls past what there is. Lists are settled beside their panes. Pure.
 */
import { findPreviewTopMax } from '../views/form.ts';
import { countHelpRows, helpRect } from '../views/help.ts';
import {
  fitsAsTree,
  innerWidth,
  isOnDesk,
  type Layout,
  layoutParts,
  layoutScreen,
  type PaneId,
  type Rect,
} from '../views/layout.ts';
import { measureMargin } from '../views/log-rows.ts';
import { countWordsRows, wordsRect } from '../views/words.ts';
import { type LogRoom, settleView } from './log-view.ts';
import { findFollowedJob, type Overlay, type State } from './model.ts';
import { countTeamRows } from './organisation.ts';

/** The layout of this state. */
export function layoutOf(state: State): Layout {
  const { columns, rows, focus, isZoomed } = state;
  const hasDetail = state.detail.isOpen;
  const teamRows = { tree: countTeamRows(state.team), flat: state.team.length };
  return layoutScreen({ columns, rows, teamRows, focus, isZoomed, hasDetail });
}

/** Is there room for the team as a tree? One that isn't shown keeps its selection, so it is one. */
export function teamForm(state: State): 'tree' | 'flat' {
  const room = listRoom(state, 'team') ?? Number.POSITIVE_INFINITY;
  return fitsAsTree(countTeamRows(state.team), room) ? 'tree' : 'flat';
}

/** Rows of a list that a pane has room for below its titles; undefined where it isn't shown. */
export function listRoom(state: State, pane: PaneId): number | undefined {
  const rect = layoutOf(state).panes[pane];
  if (rect === undefined || (state.detail.isOpen && isOnDesk(pane))) return undefined;
  const list = layoutParts(pane, rect, 'list').list ?? rect;
  return Math.max(1, list.height - 3);
}

/** Rows and columns of the details beside the list of the pane that has the keys. */
export function detailRoom(state: State): { readonly room: number; readonly width: number } {
  const rect = layoutOf(state).panes[state.focus];
  const parts = rect === undefined ? undefined : layoutParts(state.focus, rect, 'detail');
  const detail = isOnDesk(state.focus) ? rect : parts?.detail;
  if (detail === undefined) return { room: 1, width: 1 };
  return { room: Math.max(1, detail.height - 2), width: innerWidth(detail) };
}

/** Rows of the log. */
export function logRoom(state: State): number {
  const rect: Rect | undefined = layoutOf(state).panes.log;
  return rect === undefined ? 1 : Math.max(1, rect.height - 2);
}

/** How the log is laid out in its pane. */
export function logRoomOf(state: State): LogRoom {
  const { log } = state;
  const rect = layoutOf(state).panes.log;
  const hasEnding =
    log.window.isEnd && log.jobs.length < 2 && findFollowedJob(state)?.outcome != null;
  const width = rect === undefined ? 1 : innerWidth(rect);
  const textCells = Math.max(1, width - measureMargin(log, width));
  return { rows: logRoom(state), textCells, endRows: hasEnding ? 1 : 0 };
}

/** Rows of the help, or of an answer, that are visible at once. */
export function readingRoom(
  state: State,
  overlay: Extract<Overlay, { type: 'help' | 'words' }>,
): number {
  const { body } = layoutOf(state);
  const rect = overlay.type === 'help' ? helpRect(overlay, body) : wordsRect(overlay, body);
  return Math.max(1, rect.height - 2);
}

/** The state with log and overlays at legal positions. */
export function settleScroll(state: State): State {
  return settleOverlay(settleLog(state));
}

function settleLog(state: State): State {
  const log = settleView(state.log, logRoomOf(state));
  return log === state.log ? state : { ...state, log };
}

function settleOverlay(state: State): State {
  const { overlay } = state;
  if (overlay?.type === 'form') {
    // At its start it is legal, and a long command need not be laid out to know that.
    if (overlay.previewTop === 0) return state;
    const previewTopMax = findPreviewTopMax(state, overlay, layoutOf(state).body);
    if (overlay.previewTop <= previewTopMax) return state;
    return { ...state, overlay: { ...overlay, previewTop: previewTopMax } };
  }
  if (overlay?.type !== 'help' && overlay?.type !== 'words') return state;
  const { body } = layoutOf(state);
  const count =
    overlay.type === 'help' ? countHelpRows(overlay, body) : countWordsRows(overlay, body);
  const topMax = Math.max(0, count - readingRoom(state, overlay));
  const top = Math.min(topMax, Math.max(0, overlay.top));
  return top === overlay.top ? state : { ...state, overlay: { ...overlay, top } };
}
