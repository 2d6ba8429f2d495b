/*
 * Rows of details: a label and what is known, long values over several rows. Pure.
 *
 * A value of any length takes so many rows at most: a command may be 200 KiB.
 */
import { type Row, span } from './row.ts';
import { fitCells, measureCells, sliceCells, wrapCells } from './width.ts';

const labelCells = 10;
const factRowsMax = 12;

/** One row: a label and a value. */
export function fact(label: string, value: Row): Row {
  return [span(label.padEnd(labelCells), 'dim'), ...value];
}

/** A long value over several rows; a very long one ends with an ellipsis. */
export function factRows(label: string, value: string, width: number): readonly Row[] {
  return factLines(value, Math.max(8, width - labelCells)).map((line, index) =>
    fact(index === 0 ? label : '', [span(line)]),
  );
}

/** The same value without its label, in lines of so many cells. */
export function factLines(value: string, room: number): readonly string[] {
  const words = sliceCells(value.replaceAll(/\s+/g, ' '), 0, room * factRowsMax);
  const lines = wrapCells(words.text, room).slice(0, factRowsMax);
  const isCut = words.walked >= room * factRowsMax;
  return lines.map((line, index) =>
    isCut && index === lines.length - 1 ? fitCells(`${line} …`, room) : line,
  );
}

/** Words of any length, wrapped beside their label. */
export function wordRows(label: string, text: string, width: number): readonly Row[] {
  const lines = wrapCells(text, Math.max(8, width - labelCells));
  return lines.map((line, index) => fact(index === 0 ? label : '', [span(line)]));
}

/** The same, and no row where there is nothing to say. */
export function knownRows(label: string, text: string, width: number): readonly Row[] {
  return text === '' ? [] : wordRows(label, text, width);
}

/** The title of a part of the details. */
export function partTitle(title: string, width: number): Row {
  const head = `── ${title} `;
  const line = '─'.repeat(Math.max(0, width - measureCells(head)));
  return [span(`${head}${line}`, 'dim')];
}
