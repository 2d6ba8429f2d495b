/*
 * An error that is longer than the foot of the screen, whole, in a box above it. Pure.
 *
 * The end of an error is its hint, the part that helps; so none is ever cut where there is room.
 */
import type { State } from '../state/model.ts';
import { innerWidth, type Rect } from './layout.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { span } from './row.ts';
import { measureCells, wrapCells } from './width.ts';

// What the foot has beside the text: the mark before it, and the screen's last column.
const footCells = 4;

/** Is the message an error that one row can't hold? */
export function isLongError({ toast }: Pick<State, 'toast'>, width: number): boolean {
  return toast?.level === 'bad' && measureCells(toast.text) + footCells > width;
}

/** The box over the foot of the body; undefined while no error is too long for the last row. */
export function viewLongError(state: State, body: Rect): PaneView | undefined {
  if (state.toast === undefined || !isLongError(state, body.width)) return undefined;
  const width = Math.max(1, innerWidth(body) - 2);
  const lines = wrapCells(state.toast.text, width);
  const height = Math.min(body.height, lines.length + 2);
  const rect = { x: body.x, y: body.y + body.height - height, width: body.width, height };
  const waiting = state.toasts.length;
  return frame({
    id: 'error',
    rect,
    title: [span('✗ Error', 'bad')],
    note: waiting === 0 ? [] : [span(`${waiting} more`, 'dim')],
    rows: lines.map((line) => padRow([span(line)], innerWidth(body))),
    isFocused: true,
  });
}
