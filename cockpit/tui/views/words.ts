/*
 * An answer of several lines over the panes: what a verb said after `:`. Pure.
 *
 * Long lines are wrapped, so that nothing has to be guessed.
 */
import type { Words } from '../state/model.ts';
import { centerRect, innerWidth, type Rect } from './layout.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { span } from './row.ts';
import { wrapCells } from './width.ts';

const wordsWidth = 96;

/** Where the answer is. */
export function wordsRect(overlay: Words, body: Rect): Rect {
  return centerRect(body, { width: wordsWidth, height: countWordsRows(overlay, body) + 2 });
}

/** Rows that the whole answer has. */
export function countWordsRows(overlay: Words, body: Rect): number {
  return wrapAll(overlay, body).length;
}

/** The answer from its row `top` on. */
export function viewWords(overlay: Words, body: Rect): PaneView {
  const rect = wordsRect(overlay, body);
  const all = wrapAll(overlay, body);
  const width = innerWidth(rect);
  const room = Math.max(0, rect.height - 2);
  const end = Math.min(all.length, overlay.top + room);
  return frame({
    id: 'words',
    rect,
    title: [span(overlay.title, 'title')],
    note: all.length > room ? [span(`${end} of ${all.length} rows, j k`, 'dim')] : [],
    rows: all.slice(overlay.top).map((line) => padRow([span(line)], width)),
    isFocused: true,
  });
}

function wrapAll(overlay: Words, body: Rect): readonly string[] {
  const width = innerWidth(centerRect(body, { width: wordsWidth, height: 1 })) - 2;
  return overlay.lines.flatMap((line) => wrapCells(line, Math.max(1, width)));
}
