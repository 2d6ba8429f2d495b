/*
 * What is visible: sizes of lists, and the rule that keeps log, details and overlays legal.
 *
 * It runs after every event, so no other code has to think of bounds: a followed log stays at its
 * end, nothing scrolls past what there is. Lists are settled beside their panes. Pure.
 */
import { viewDrill } from '../views/detail.ts';
import { countHelpRows, helpRect } from '../views/help.ts';
import {
  innerWidth,
  type Layout,
  layoutParts,
  layoutScreen,
  type PaneId,
  type Rect,
} from '../views/layout.ts';
import { countWordsRows, wordsRect } from '../views/words.ts';
import { findFollowedJob, type Overlay, type State } from './model.ts';

/** The layout of this state. */
export function layoutOf(state: State): Layout {
  const { columns, rows, focus, isZoomed } = state;
  return layoutScreen({ columns, rows, workerCount: state.team.length, focus, isZoomed });
}

/** Rows of a list that a pane has room for below its titles. */
export function listRoom(state: State, pane: PaneId): number {
  const rect = layoutOf(state).panes[pane];
  if (rect === undefined) return 1;
  const list = layoutParts(pane, rect, 'list').list ?? rect;
  return Math.max(1, list.height - 3);
}

/** Rows and columns of the details beside the list of the pane that has the keys. */
export function detailRoom(state: State): { readonly room: number; readonly width: number } {
  const rect = layoutOf(state).panes[state.focus];
  const detail = rect === undefined ? undefined : layoutParts(state.focus, rect, 'detail').detail;
  if (detail === undefined) return { room: 1, width: 1 };
  return { room: Math.max(1, detail.height - 2), width: innerWidth(detail) };
}

/** Rows of the log, or of what is in its place. */
export function logRoom(state: State): number {
  const rect: Rect | undefined = layoutOf(state).panes.log;
  return rect === undefined ? 1 : Math.max(1, rect.height - 2);
}

/** One past the last row of the log: its lines, and how the job ended. */
export function logRowsEnd(state: State): number {
  const hasEnding = findFollowedJob(state)?.outcome != null;
  return state.log.end + (hasEnding ? 1 : 0);
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

/** The state with log, details and overlays at legal positions. */
export function settleScroll(state: State): State {
  return settleOverlay(settleDrill(settleLog(state)));
}

function settleLog(state: State): State {
  const { log } = state;
  const topMax = Math.max(log.first, logRowsEnd(state) - logRoom(state));
  const top = log.isFollowing ? topMax : Math.min(topMax, Math.max(log.first, log.top));
  return top === log.top ? state : { ...state, log: { ...log, top } };
}

function settleDrill(state: State): State {
  const { drill } = state;
  if (drill.type === 'log') return state;
  const rect = layoutOf(state).panes.log;
  if (rect === undefined) return state;
  const topMax = Math.max(0, viewDrill(state, innerWidth(rect)).length - logRoom(state));
  const top = Math.min(topMax, Math.max(0, drill.top));
  return top === drill.top ? state : { ...state, drill: { ...drill, top } };
}

function settleOverlay(state: State): State {
  const { overlay } = state;
  if (overlay?.type !== 'help' && overlay?.type !== 'words') return state;
  const count =
    overlay.type === 'help'
      ? countHelpRows(overlay)
      : countWordsRows(overlay, layoutOf(state).body);
  const topMax = Math.max(0, count - readingRoom(state, overlay));
  const top = Math.min(topMax, Math.max(0, overlay.top));
  return top === overlay.top ? state : { ...state, overlay: { ...overlay, top } };
}
