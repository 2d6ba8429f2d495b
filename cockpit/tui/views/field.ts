/*
 * A line of text being typed: the part around the caret. Pure.
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
