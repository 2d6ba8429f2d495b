/*
 * The mouse: a click selects a tab, a pane or a row, the wheel scrolls what is under it. Pure.
 *
 * It can do nothing that a key can't, and never does more than select: what is dangerous is not one
 * click away.
 */
import { wheelRows } from '../limits.ts';
import { findTab } from '../views/chrome.ts';
import { isOnDesk, layoutParts, type PaneId, paneIds, type Rect } from '../views/layout.ts';
import { findOpenCard } from './card.ts';
import { still, type Update } from './effects.ts';
import { moveNumber } from './list.ts';
import { closedDetail, type State, withList } from './model.ts';
import { moveInPane, paneModules, visibleIds } from './panes.ts';
import { goTo } from './places.ts';
import { layoutOf, readingRoom } from './scroll.ts';

/** Where something was done with the mouse. */
export interface MouseEvent {
  readonly what: 'click' | 'wheel-up' | 'wheel-down';
  readonly x: number;
  readonly y: number;
}

// Borders and the row of titles above the first row of a list.
const listHeadRows = 2;

/** What the mouse did. */
export function applyMouse(state: State, event: MouseEvent): Update {
  if (event.what !== 'click') return scroll(state, event);
  if (state.overlay !== undefined) return still(state);
  const layout = layoutOf(state);
  if (event.y === 1) {
    const pane = findTab(state, layout.width, event.x);
    return pane === undefined ? still(state) : goTo(state, { pane });
  }
  const pane = findPane(state, event);
  return pane === undefined ? still(state) : clickPane(state, pane, event);
}

function clickPane(state: State, pane: PaneId, { x, y }: MouseEvent): Update {
  const isNew = pane !== state.focus;
  const focused: State = isNew ? { ...state, focus: pane, detail: closedDetail } : state;
  const id = paneModules[pane].list;
  const rect = layoutOf(focused).panes[pane];
  if (id === undefined || rect === undefined) return still(focused);
  // Of details on the desk there is nothing to select.
  if (findOpenCard(focused) !== undefined) return still(focused);
  const { list } = layoutParts(pane, rect, turnOf(focused));
  if (list === undefined || !isIn(list, { x, y })) {
    const isOpen = !isOnDesk(pane) && paneModules[pane].countDetailRows !== undefined;
    return still({ ...focused, detail: { ...focused.detail, isOpen } });
  }
  const row = y - list.y - listHeadRows;
  const selected = visibleIds(focused, id)[focused.lists[id].top + row];
  const chosen = { ...focused, detail: closedDetail };
  if (row < 0 || selected === undefined) return still(chosen);
  return still(withList(chosen, id, { ...chosen.lists[id], selected }));
}

function scroll(state: State, event: MouseEvent): Update {
  const count = event.what === 'wheel-up' ? -wheelRows : wheelRows;
  const how = { type: 'rows', count } as const;
  const { overlay } = state;
  if (overlay?.type === 'help' || overlay?.type === 'words') {
    const bounds = { room: readingRoom(state, overlay), last: Number.MAX_SAFE_INTEGER };
    return still({ ...state, overlay: { ...overlay, top: moveNumber(overlay.top, how, bounds) } });
  }
  const pane = overlay === undefined ? findPane(state, event) : undefined;
  if (pane === undefined) return still(state);
  const { state: moved, effects } = moveInPane({ ...state, focus: pane }, how);
  return { state: { ...moved, focus: state.focus }, effects };
}

function turnOf({ detail }: State): 'list' | 'detail' {
  return detail.isOpen ? 'detail' : 'list';
}

function findPane(
  state: State,
  at: { readonly x: number; readonly y: number },
): PaneId | undefined {
  const { panes } = layoutOf(state);
  return paneIds.find((id) => {
    const rect = panes[id];
    return rect !== undefined && isIn(rect, at);
  });
}

function isIn(rect: Rect, { x, y }: { readonly x: number; readonly y: number }): boolean {
  const isAcross = x >= rect.x && x < rect.x + rect.width;
  return isAcross && y >= rect.y && y < rect.y + rect.height;
}
