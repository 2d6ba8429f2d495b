/*
 * One screen of an xterm buffer as plain values: every cell with its text, width and look.
 *
 * A snapshot never changes afterwards, so that it can be compared, drawn or printed later. A wide
 * character is a cell of width 2 followed by one of width 0.
 */
import type { IBufferCell, Terminal } from '@xterm/headless';

/** A colour as the program asked for it: the terminal's own, one of 256, or exact. */
export type CellColour =
  | { readonly kind: 'default' }
  | { readonly kind: 'palette'; readonly index: number }
  | { readonly kind: 'exact'; readonly rgb: number };

/** How a cell looks, apart from its text. */
export interface CellLook {
  readonly foreground: CellColour;
  readonly background: CellColour;
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isItalic: boolean;
  readonly isUnderlined: boolean;
  readonly isInverse: boolean;
  readonly isStruck: boolean;
}

/** One cell. `text` is '' behind a wide character and a space where nothing was written. */
export interface Cell extends CellLook {
  readonly text: string;
  readonly width: 0 | 1 | 2;
}

/** A whole screen at one moment. */
export interface Snapshot {
  readonly columns: number;
  readonly rows: readonly (readonly Cell[])[];
  readonly cursor: { readonly x: number; readonly y: number };
}

/** Reads the visible screen. */
export function takeSnapshot(terminal: Terminal): Snapshot {
  const buffer = terminal.buffer.active;
  const spare = buffer.getNullCell();
  const rows = Array.from({ length: terminal.rows }, (_, y) => {
    const line = buffer.getLine(buffer.baseY + y);
    return Array.from({ length: terminal.cols }, (__, x) => readCell(line?.getCell(x, spare)));
  });
  return { columns: terminal.cols, rows, cursor: { x: buffer.cursorX, y: buffer.cursorY } };
}

/** The text of each row, without the spaces at its end. */
export function listLines(snapshot: Snapshot): readonly string[] {
  return snapshot.rows.map((row) =>
    row
      .map((cell) => cell.text)
      .join('')
      .trimEnd(),
  );
}

function readCell(cell: IBufferCell | undefined): Cell {
  if (cell === undefined) return blankCell;
  const width = cell.getWidth() as 0 | 1 | 2;
  return {
    text: width === 0 ? '' : cell.getChars() || ' ',
    width,
    foreground: chooseColour(cell.isFgRGB(), cell.isFgPalette(), cell.getFgColor()),
    background: chooseColour(cell.isBgRGB(), cell.isBgPalette(), cell.getBgColor()),
    isBold: cell.isBold() !== 0,
    isDim: cell.isDim() !== 0,
    isItalic: cell.isItalic() !== 0,
    isUnderlined: cell.isUnderline() !== 0,
    isInverse: cell.isInverse() !== 0,
    isStruck: cell.isStrikethrough() !== 0,
  };
}

function chooseColour(isExact: boolean, isPalette: boolean, value: number): CellColour {
  if (isExact) return { kind: 'exact', rgb: value };
  return isPalette ? { kind: 'palette', index: value } : { kind: 'default' };
}

const blankCell: Cell = {
  text: ' ',
  width: 1,
  foreground: { kind: 'default' },
  background: { kind: 'default' },
  isBold: false,
  isDim: false,
  isItalic: false,
  isUnderlined: false,
  isInverse: false,
  isStruck: false,
};
