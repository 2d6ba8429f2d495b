/*
 * Text being typed: the part of a line around the caret, or all lines of it, wrapped. Pure.
 *
 * The caret is a cell of the row, not the terminal's cursor: Ink 7.1 places that one row off in a
 * frame of full height.
 */
import type { TextField } from '../state/model.ts';
import { type Row, span } from './row.ts';
import { measureCells, sliceCells, splitGraphemes } from './width.ts';

/** The text in at most `room` cells, so scrolled that the caret is in sight. */
export function fieldRow(field: TextField, room: number): Row {
  const before = field.text.slice(0, field.caret);
  const [under = ' ', ...after] = splitGraphemes(field.text.slice(field.caret));
  const column = measureCells(before);
  const from = Math.max(0, column - room + 2);
  const head = sliceCells(before, from, column).text;
  const left = Math.max(0, room - (column - from) - measureCells(under));
  const tail = sliceCells(after.join(''), 0, left);
  return [span(head), span(under, 'caret'), span(tail.text)];
}

/** Rows of a text of several lines, and which of them has the caret. */
export interface FieldRows {
  readonly rows: readonly Row[];
  readonly caretRow: number;
}

/** Every line, cut into rows of `room` cells; with the caret where the field has the keys. */
export function fieldRows(field: TextField, room: number, look: 'active' | 'still'): FieldRows {
  const rows: Row[] = [];
  let caretRow = 0;
  let start = 0;
  for (const line of field.text.split('\n')) {
    const caret = field.caret - start;
    const hasCaret = look === 'active' && caret >= 0 && caret <= line.length;
    const { rows: parts, caretRow: row } = wrapLine(line, hasCaret ? caret : -1, room);
    if (hasCaret) caretRow = rows.length + row;
    rows.push(...parts);
    start += line.length + 1;
  }
  return { rows, caretRow };
}

/** A tab is one cell that can be seen: the caret keeps its place, and nobody takes it for spaces. */
export function showTabs(text: string): string {
  return text.replaceAll('\t', '⇥');
}

/** `caret` is -1 where it is in another line. */
function wrapLine(line: string, caret: number, room: number): FieldRows {
  const parts = splitCells(line, room);
  const last = parts.at(-1);
  // A caret behind a full row needs a row of its own.
  if (caret === line.length && last !== undefined && measureCells(showTabs(last)) >= room) {
    parts.push('');
  }
  const rows: Row[] = [];
  let caretRow = 0;
  let start = 0;
  for (const part of parts) {
    const isLast = rows.length === parts.length - 1;
    const end = start + part.length;
    const isHere = caret >= start && (caret < end || (isLast && caret === end));
    if (isHere) caretRow = rows.length;
    rows.push(isHere ? caretIn(part, caret - start) : [span(showTabs(part))]);
    start = end;
  }
  return { rows, caretRow };
}

function caretIn(part: string, caret: number): Row {
  const [under = ' ', ...after] = splitGraphemes(part.slice(caret));
  const before = showTabs(part.slice(0, caret));
  return [span(before), span(showTabs(under), 'caret'), span(showTabs(after.join('')))];
}

/** The line in pieces that take at most `room` cells; no character is lost or split. */
export function splitCells(line: string, room: number): string[] {
  if (line.length <= room && /^[\x20-\x7e]*$/.test(line)) return [line];
  const parts: string[] = [];
  let part = '';
  let cells = 0;
  for (const character of splitGraphemes(line)) {
    const width = measureCells(showTabs(character));
    if (cells + width > room && part !== '') {
      parts.push(part);
      part = '';
      cells = 0;
    }
    part += character;
    cells += width;
  }
  return [...parts, part];
}
