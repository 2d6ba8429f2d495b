/*
 * The palette over the panes: what is searched for, and what was found, the best first. Pure.
 *
 * What an entry is stands in a word beside it, so that a worker and a verb of one name differ.
 */
import type { Palette, State } from '../state/model.ts';
import { findEntries } from '../state/palette.ts';
import { fieldRow } from './field.ts';
import { centerRect, innerWidth, type Rect } from './layout.ts';
import { frame, listRow, type PaneView, padRow } from './pane.ts';
import { fitRow, type Row, span } from './row.ts';

const paletteWidth = 84;
const paletteRows = 16;
const kindCells = 7;

/** The palette in its box. */
export function viewPalette(state: State, palette: Palette, body: Rect): PaneView {
  const rect = centerRect(body, { width: paletteWidth, height: paletteRows + 3 });
  const width = innerWidth(rect);
  const entries = findEntries(state, palette.field.text, palette.of);
  const room = Math.max(1, rect.height - 3);
  const top = Math.max(0, palette.at - room + 1);
  const textCells = Math.max(8, Math.floor((width - kindCells) * 0.5));
  const rows = entries.slice(top, top + room).map((entry, offset): Row => {
    const row = [
      span(entry.kind.padEnd(kindCells), 'dim'),
      ...fitRow([span(entry.text)], textCells),
      span(' '),
      span(entry.help, 'dim'),
    ];
    return listRow(row, { width, mark: top + offset === palette.at ? 'selected' : 'none' });
  });
  const line = padRow([span('› ', 'accent'), ...fieldRow(palette.field, width - 4)], width);
  const nothing: readonly Row[] = [padRow([span('Nothing is called so.', 'dim')], width)];
  return frame({
    id: 'palette',
    rect,
    title: [span(palette.of === 'hubs' ? 'Look into' : 'Find', 'title')],
    note: [span(`${entries.length} found`, 'dim')],
    rows: [line, ...(entries.length === 0 ? nothing : rows)],
    isFocused: true,
  });
}
