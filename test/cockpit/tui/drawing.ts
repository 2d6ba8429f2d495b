/*
 * Draws a view as plain text, as a terminal of its size would show it: for drawings in tests.
 *
 * Anything that would leave the terminal is an error here, not cut.
 */
import { readRow } from '../../../cockpit/tui/views/row.ts';
import type { ScreenView } from '../../../cockpit/tui/views/screen.ts';
import { measureCells, splitGraphemes } from '../../../cockpit/tui/views/width.ts';

/** The rows of the screen, spaces at their ends cut. Throws where something leaves the screen. */
export function draw(view: ScreenView): string {
  const grid = Array.from({ length: view.rows }, () => Array<string>(view.columns).fill(' '));
  const put = (x: number, y: number, text: string) => {
    let column = x;
    for (const grapheme of splitGraphemes(text)) {
      const cells = measureCells(grapheme);
      const row = grid[y];
      if (row === undefined || column + cells > view.columns) {
        throw new Error(`outside the screen at ${column},${y}: ${text}`);
      }
      row[column] = grapheme;
      for (let offset = 1; offset < cells; offset += 1) row[column + offset] = '';
      column += cells;
    }
  };
  for (const { x, y, row } of view.lines) put(x, y, readRow(row));
  for (const { rect, top, rows } of view.panes) {
    put(rect.x, rect.y, readRow(top));
    rows.forEach((row, index) => {
      put(rect.x, rect.y + 1 + index, `│${readRow(row)}│`);
    });
    put(rect.x, rect.y + rect.height - 1, `╰${'─'.repeat(rect.width - 2)}╯`);
  }
  return grid.map((row) => row.join('').trimEnd()).join('\n');
}
