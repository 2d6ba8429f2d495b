/*
 * The whole screen as rows with meaning: the one function from state to picture. Pure.
 *
 * Whatever it gives fits the terminal: as many rows as it has, and never its last column.
 */
import { unreachable } from '../../../protocol/errors.ts';
import { columnsMin, rowsMin } from '../limits.ts';
import { findOpenCard } from '../state/card.ts';
import type { State } from '../state/model.ts';
import { layoutOf } from '../state/scroll.ts';
import { viewCard } from './card.ts';
import { viewFooter, viewHeader, viewTabs } from './chrome.ts';
import { viewCandidates } from './command-line.ts';
import { viewConfirm } from './confirm.ts';
import { viewDoctor } from './doctor.ts';
import { viewEvents } from './events.ts';
import { viewForm } from './form.ts';
import { viewHelp } from './help.ts';
import { viewInbox } from './inbox.ts';
import { viewJobs } from './jobs.ts';
import { type Layout, type PaneId, paneIds, type Rect } from './layout.ts';
import { viewLog } from './log.ts';
import { viewPalette } from './palette.ts';
import type { PaneView } from './pane.ts';
import { rememberView } from './remembered.ts';
import { type Row, span } from './row.ts';
import { viewTeam } from './team.ts';
import { viewLongError } from './toast.ts';
import { wrapCells } from './width.ts';
import { viewWords } from './words.ts';

/** A row and where it is. */
export interface PlacedRow {
  readonly x: number;
  readonly y: number;
  readonly row: Row;
}

/** Everything that is drawn: rows first, then panes, then the overlay. */
export interface ScreenView {
  readonly columns: number;
  readonly rows: number;
  readonly lines: readonly PlacedRow[];
  readonly panes: readonly PaneView[];
}

/** The picture of this state. */
export function viewScreen(state: State): ScreenView {
  const { columns, rows } = state;
  const layout = layoutOf(state);
  if (layout.kind === 'tiny') return viewTiny(state);
  const panes = paneIds.flatMap((id) => {
    const rect = layout.panes[id];
    return rect === undefined ? [] : viewPane[id](state, rect);
  });
  const overlay = viewOverlay(state, layout);
  return {
    columns,
    rows,
    lines: viewChrome(state, layout),
    panes: overlay === undefined ? panes : [...panes, overlay],
  };
}

function viewChrome(state: State, layout: Layout): readonly PlacedRow[] {
  const header = { x: 0, y: 0, row: remembered.header(state, layout.width) };
  const footer = { x: 0, y: state.rows - 1, row: remembered.footer(state, layout.width) };
  return [header, { x: 0, y: 1, row: remembered.tabs(state, layout.width) }, footer];
}

/** The list of a pane of the desk, or the details that are open in its place. */
function viewCardOr(
  viewList: (state: State, rect: Rect) => PaneView,
): (state: State, rect: Rect) => readonly PaneView[] {
  return (state, rect) => {
    const card = findOpenCard(state);
    return [card === undefined ? viewList(state, rect) : viewCard(state, card, rect)];
  };
}

// The log streams while everything else stays, and a list moves while the log stays.
const remembered = {
  header: rememberView(viewHeader),
  tabs: rememberView(viewTabs),
  footer: rememberView(viewFooter),
};
const viewPane: Readonly<Record<PaneId, (state: State, rect: Rect) => readonly PaneView[]>> = {
  team: rememberView(viewCardOr(viewTeam)),
  jobs: rememberView(viewCardOr(viewJobs)),
  log: rememberView((state: State, rect: Rect) => [viewLog(state, rect)]),
  inbox: rememberView(viewInbox),
  doctor: rememberView(viewDoctor),
  events: rememberView(viewEvents),
};

function viewOverlay(state: State, layout: Layout): PaneView | undefined {
  const { overlay } = state;
  if (overlay === undefined) return viewLongError(state, layout.body);
  switch (overlay.type) {
    case 'form':
      return viewForm(state, overlay, layout.body);
    case 'confirm':
      return viewConfirm(overlay, layout.body);
    case 'help':
      return viewHelp(overlay, layout.body);
    case 'command':
      return viewCandidates(state, overlay, layout.body);
    case 'palette':
      return viewPalette(state, overlay, layout.body);
    case 'words':
      return viewWords(overlay, layout.body);
    case 'prompt':
      return undefined;
    default:
      return unreachable(overlay);
  }
}

function viewTiny(state: State): ScreenView {
  const { columns, rows } = state;
  const text = `Too small: ${columns}x${rows}. It takes ${columnsMin}x${rowsMin}. q quits.`;
  const lines = wrapCells(text, Math.max(1, columns - 1))
    .slice(0, Math.max(0, rows))
    .map((line, y) => ({ x: 0, y, row: [span(line)] }));
  return { columns, rows, lines, panes: [] };
}
