/*
 * The question before a job is cancelled, with the harmless answer marked. Pure.
 *
 * Names the job and where its processes are, so that nobody cancels another one than they think.
 */
import type { Overlay, State } from '../state/model.ts';
import { centerRect, innerWidth, type Rect } from './layout.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { type Row, type Span, span } from './row.ts';

const confirmWidth = 56;

/** The question, over the panes. */
export function viewConfirm(
  state: State,
  overlay: Extract<Overlay, { type: 'confirm' }>,
  body: Rect,
): PaneView {
  const job = state.jobs.find((row) => row.id === overlay.job);
  const where =
    job?.worker == null ? 'It has no worker yet.' : `Its processes on ${job.worker} will be ended.`;
  const content: readonly Row[] = [
    [],
    [span(job?.title ?? overlay.job, 'strong')],
    [span(where, 'dim')],
    [],
    [
      answer('no', 'No, let it run', overlay),
      span('   '),
      answer('yes', `Yes, cancel ${overlay.job}`, overlay),
    ],
    [],
  ];
  const rect = centerRect(body, { width: confirmWidth, height: content.length + 2 });
  const rows = content.map((row) => padRow(row, innerWidth(rect)));
  const title = [span(`Cancel ${overlay.job}?`, 'title')];
  return frame({ id: 'confirm', rect, title, note: [], rows, isFocused: true });
}

function answer(
  id: 'no' | 'yes',
  text: string,
  overlay: Extract<Overlay, { type: 'confirm' }>,
): Span {
  return overlay.answer === id ? span(`▸ ${text} `, 'selected') : span(`  ${text} `);
}
