/*
 * Rows of text with meaning: what every view gives and every pane draws.
 *
 * A span says what its text is for (`bad`, `dim`), never which colour it has; the theme decides
 * that. Only output of workers carries its own style, as harmless SGR parameters. Pure.
 */
import { breakText, fitCells, measureCells, sliceCells } from './width.ts';

/** What a span is for. */
export type Role =
  | 'plain'
  | 'dim'
  | 'strong'
  | 'title'
  | 'accent'
  | 'good'
  | 'warn'
  | 'bad'
  | 'selected'
  | 'caret'
  | 'banner';

/** A piece of one row. `sgr` holds the SGR parameters of a worker's own style, such as `1;31`. */
export interface Span {
  readonly text: string;
  readonly role: Role;
  readonly sgr?: string;
}

/** One row of the screen, left to right. */
export type Row = readonly Span[];

/** A span of plain text unless a role is given. */
export function span(text: string, role: Role = 'plain'): Span {
  return { text, role };
}

/** Cells that a row takes. */
export function measureRow(row: Row): number {
  return row.reduce((sum, part) => sum + measureCells(part.text), 0);
}

/** The row's text without its meaning. */
export function readRow(row: Row): string {
  return row.map((part) => part.text).join('');
}

/** The part of a row between two columns, roles kept. Looks no further than `to`. */
export function sliceRow(row: Row, from: number, to: number): Row {
  const parts: Span[] = [];
  let column = 0;
  for (const part of row) {
    if (column >= to) break;
    const { text, walked } = sliceCells(part.text, Math.max(0, from - column), to - column);
    if (text !== '') parts.push({ ...part, text });
    column += walked;
  }
  return parts;
}

/** Does the row take more than `width` cells? */
export function isLongerThan(row: Row, width: number): boolean {
  return measureRow(sliceRow(row, 0, width + 1)) > width;
}

/**
 * The row in exactly `width` cells: padded on the right, or cut with an ellipsis. The same row and width
 * give the very same row again, so that what is painted of it can be remembered too.
 */
export function fitRow(row: Row, width: number): Row {
  const known = fitted.get(row);
  if (known?.width === width) return known.row;
  const made = { width, row: makeFit(row, width) };
  fitted.set(row, made).set(made.row, made);
  return made.row;
}

const fitted = new WeakMap<Row, { readonly width: number; readonly row: Row }>();

function makeFit(row: Row, width: number): Row {
  if (width <= 0) return [];
  if (isLongerThan(row, width)) {
    const cut = sliceRow(row, 0, width - 1);
    return [...cut, span(fitCells('…', width - measureRow(cut)), 'dim')];
  }
  const whole = sliceRow(row, 0, width);
  const cells = measureRow(whole);
  return cells === width ? whole : [...whole, span(' '.repeat(width - cells))];
}

/** The row broken into rows of `width` cells; a wide character that does not fit goes to the next. */
export function breakRow(row: Row, width: number): readonly Row[] {
  const rows: Span[][] = [[]];
  let cells = 0;
  for (const part of row) {
    for (const piece of breakText(part.text, { width, cells })) {
      if (piece.isNext) rows.push([]);
      cells = (piece.isNext ? 0 : cells) + piece.cells;
      if (piece.text !== '') rows.at(-1)?.push({ ...part, text: piece.text });
    }
  }
  return rows;
}

/** `left` and `right` at the two ends of `width` cells; `left` gives way first. */
export function spreadRow(left: Row, right: Row, width: number): Row {
  const rightCells = Math.min(measureRow(right), width);
  const gap = rightCells > 0 && rightCells < width ? 1 : 0;
  const head = fitRow(left, width - rightCells - gap);
  return [...head, span(' '.repeat(gap)), ...fitRow(right, rightCells)];
}
