/*
 * A list of things as rows of a table, with what is selected and marked, and how many there are. Pure.
 *
 * Only rows in sight are laid out, so thousands cost what a screenful costs. Every pane with a list
 * is made of this.
 */
import { findPlace, type ListState } from '../state/list.ts';
import { innerWidth, type Rect } from './layout.ts';
import { listRow, type Mark } from './pane.ts';
import { type Row, span } from './row.ts';
import { type Column, planTable, tableHead, tableRow } from './table.ts';

/** What a list is drawn from. */
export interface ListInput<T extends object> {
  readonly rect: Rect;
  readonly list: ListState;
  readonly rows: readonly T[];
  readonly idOf: (row: T) => string;
  readonly columns: readonly Column[];
  readonly cellsOf: (row: T) => readonly Row[];
  readonly isFocused: boolean;
}

/** A list in pieces for its box. */
export interface ListView {
  /** The row of titles, and the rows in sight. */
  readonly rows: readonly Row[];
  /** For the end of the top border: where one is, and how much is marked. */
  readonly note: Row;
  /** For the title: what the list is narrowed to. */
  readonly filterNote: Row;
}

/** Lays out the rows in sight. */
export function viewTableRows<T extends object>(input: ListInput<T>): ListView {
  const { rect, list, rows, columns } = input;
  const width = innerWidth(rect);
  const shown = rows.slice(list.top, list.top + Math.max(0, rect.height - 3));
  const cells = shown.map(input.cellsOf);
  const plan = planTable(columns, cells, width - 3);
  const marked = new Set(list.marked);
  const lines = shown.map((row, index) => {
    const id = input.idOf(row);
    const mark = markOf(id === list.selected, marked.has(id), input.isFocused);
    return listRow(tableRow(plan, cells[index] ?? []), { width, mark });
  });
  return {
    rows: [[span('  '), ...tableHead(plan)], ...lines],
    note: listNote(input),
    filterNote: filterNote(list),
  };
}

/** `3 of 12`, and how much is marked; nothing for an empty list. */
export function listNote<T extends object>({
  list,
  rows,
  idOf,
}: Pick<ListInput<T>, 'list' | 'rows' | 'idOf'>): Row {
  const index = findPlace(rows, idOf, list.selected);
  const place = index < 0 ? String(rows.length) : `${index + 1} of ${rows.length}`;
  const marks = list.marked.length === 0 ? [] : [span(`${list.marked.length} marked `, 'accent')];
  return rows.length === 0 ? marks : [...marks, span(place, 'dim')];
}

/** ` /words`, where a list is narrowed. */
export function filterNote(list: ListState): Row {
  return list.filter === '' ? [] : [span(` /${list.filter}`, 'accent')];
}

function markOf(isSelected: boolean, isMarked: boolean, isFocused: boolean): Mark {
  if (isSelected && isFocused) return isMarked ? 'selected-marked' : 'selected';
  if (isMarked) return 'marked';
  return isSelected ? 'chosen' : 'none';
}
