/*
 * A box with a title: what every pane and overlay is, as rows of exact width. Pure.
 *
 * The top border is a row of ours because it carries the title; the other three sides are drawn by
 * whoever draws the box. `rows` are always exactly as many and as wide as the box has room for.
 */
import { innerWidth, type Rect } from './layout.ts';
import { fitRow, measureRow, type Role, type Row, span } from './row.ts';

/** What a box is: its place, its top border, and what it holds. */
export interface PaneView {
  readonly id: string;
  readonly rect: Rect;
  readonly top: Row;
  readonly rows: readonly Row[];
  readonly isFocused: boolean;
}

/** What `frame` makes a box of. */
export interface PaneContent {
  readonly id: string;
  readonly rect: Rect;
  readonly title: Row;
  /** At the right end of the top border, where there is room. */
  readonly note: Row;
  readonly rows: readonly Row[];
  readonly isFocused: boolean;
}

/** Frames content: titles in the border, rows padded and cut to the box. */
export function frame(content: PaneContent): PaneView {
  const { id, rect, isFocused } = content;
  const width = innerWidth(rect);
  const count = Math.max(0, rect.height - 2);
  const rows = Array.from({ length: count }, (_, index) =>
    fitRow(content.rows[index] ?? [], width),
  );
  return { id, rect, top: topBorder(content), rows, isFocused };
}

/** Content with one free cell on either side. */
export function padRow(row: Row, width: number): Row {
  return [span(' '), ...fitRow(row, Math.max(0, width - 2)), span(' ')];
}

/** A row of a list: marked and, where the list has the keys, shown as selected. */
export function listRow(row: Row, look: { readonly width: number; readonly mark: Mark }): Row {
  const mark = marks[look.mark];
  const whole = fitRow([span(mark), ...fitRow(row, look.width - 3)], look.width);
  if (look.mark.startsWith('selected'))
    return [span(whole.map((part) => part.text).join(''), 'selected')];
  return whole;
}

/** How a row stands out: it has the keys, it is chosen in a list without them, it is marked, or not. */
export type Mark = 'none' | 'chosen' | 'selected' | 'marked' | 'selected-marked';

const marks: Readonly<Record<Mark, string>> = {
  none: '  ',
  chosen: '› ',
  selected: '▸ ',
  marked: '◆ ',
  'selected-marked': '◆▸',
};

/** Cells for a note beside this title; a longer one is left out. */
export function noteRoom(title: Row, rect: Rect): number {
  return Math.max(0, rect.width - 6) - measureRow(title) - 4;
}

function topBorder(content: PaneContent): Row {
  const { rect, isFocused } = content;
  const line: Role = isFocused ? 'accent' : 'dim';
  const room = Math.max(0, rect.width - 6);
  const title = measureRow(content.title) > room ? fitRow(content.title, room) : content.title;
  const note = measureRow(content.note) <= noteRoom(title, rect) ? content.note : [];
  const noteCells = note.length === 0 ? 0 : measureRow(note) + 3;
  const fill = Math.max(0, rect.width - 5 - measureRow(title) - noteCells);
  const end: Row = note.length === 0 ? [span('╮', line)] : [span(' '), ...note, span(' ─╮', line)];
  const border = [span('╭─ ', line), ...title, span(` ${'─'.repeat(fill)}`, line), ...end];
  return fitRow(border, rect.width);
}
