/*
 * The details that take the place of team and jobs on the desk, in their box. Pure.
 *
 * All rows are made to know how many there are, so a card is short by what it lists, never endless.
 */
import { type Card, findOpenCard } from '../state/card.ts';
import type { State } from '../state/model.ts';
import { hubRows } from './hub-card.ts';
import { jobRows } from './job-card.ts';
import { innerWidth, type Rect } from './layout.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { type Row, span } from './row.ts';
import { workerRows } from './worker-card.ts';

/** The card in its box, from the row that it is scrolled to. */
export function viewCard(state: State, card: Card, rect: Rect): PaneView {
  const all = cardRows(state, card, innerWidth(rect));
  const room = Math.max(0, rect.height - 2);
  const end = Math.min(all.length, state.detail.top + room);
  const place = all.length > room ? `${end} of ${all.length} rows · ` : '';
  return frame({
    id: state.focus,
    rect,
    title: titleOf(card),
    note: [span(`${place}esc back`, 'dim')],
    rows: all.slice(state.detail.top, end),
    isFocused: state.overlay === undefined,
  });
}

/** Rows that the open card has at this width. */
export function countCardRows(state: State, width: number): number {
  const card = findOpenCard(state);
  return card === undefined ? 0 : cardRows(state, card, width).length;
}

function titleOf(card: Card): Row {
  switch (card.type) {
    case 'job':
      return [span('2 ', 'dim'), span(`Job ${card.job}`, 'title')];
    case 'worker':
      return [span('1 ', 'dim'), span(`Worker ${card.name}`, 'title')];
    case 'hub':
      return [span('1 ', 'dim'), span('Wally', 'title')];
  }
}

function cardRows(state: State, card: Card, width: number): readonly Row[] {
  const inner = Math.max(1, width - 2);
  return rowsOf(state, card, inner).map((row) => padRow(row, width));
}

function rowsOf(state: State, card: Card, width: number): readonly Row[] {
  switch (card.type) {
    case 'job':
      return jobRows(state, card, width);
    case 'worker':
      return workerRows(state, card, width);
    case 'hub':
      return hubRows(state, width);
  }
}
