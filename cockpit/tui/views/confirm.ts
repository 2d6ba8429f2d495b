/*
 * A question before something is done, with the harmless answer marked. Pure.
 *
 * Names what it is about and what will happen, so that nobody agrees to another thing than they think.
 */
import type { Confirm } from '../state/model.ts';
import { centerRect, innerWidth, type Rect } from './layout.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { type Row, type Span, span } from './row.ts';
import { wrapCells } from './width.ts';

const confirmWidth = 56;
const subjectRowsMax = 4;

/** The question, over the panes. */
export function viewConfirm(overlay: Confirm, body: Rect): PaneView {
  const width = innerWidth(centerRect(body, { width: confirmWidth, height: 1 }));
  const [subject = '', ...rest] = overlay.text;
  const lines = (text: string) => wrapCells(text, width - 2).slice(0, subjectRowsMax);
  const content: readonly Row[] = [
    [],
    ...lines(subject).map((line): Row => [span(line, 'strong')]),
    ...rest.flatMap(lines).map((line): Row => [span(line, 'dim')]),
    [],
    [answer('no', overlay), span('   '), answer('yes', overlay)],
    [],
  ];
  const rect = centerRect(body, { width: confirmWidth, height: content.length + 2 });
  const rows = content.map((row) => padRow(row, width));
  const title = [span(overlay.title, 'title')];
  return frame({ id: 'confirm', rect, title, note: [], rows, isFocused: true });
}

function answer(id: 'no' | 'yes', overlay: Confirm): Span {
  return overlay.answer === id ? span(`▸ ${overlay[id]} `, 'selected') : span(`  ${overlay[id]} `);
}
