/*
 * What could come next after `:`, in a box above the line; the line itself is in the footer's place.
 * Pure.
 */
import { typedText } from '../state/command-line.ts';
import { completeLine } from '../state/complete.ts';
import type { CommandLine, State } from '../state/model.ts';
import { innerWidth, type Rect } from './layout.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { fitRow, type Row, span } from './row.ts';

const rowsMax = 8;
const candidateCells = 24;

/** The candidates, over the foot of the body. */
export function viewCandidates(state: State, line: CommandLine, body: Rect): PaneView {
  const { candidates, usage } = completeLine(state, typedText(line));
  const index = line.choice?.index;
  const room = Math.max(0, Math.min(rowsMax, body.height - 3));
  const top = index === undefined ? 0 : Math.max(0, Math.min(index - room + 1, index));
  const shown = candidates.slice(top, top + room);
  const height = Math.min(body.height, Math.max(1, shown.length) + 2);
  const rect = { x: body.x, y: body.y + body.height - height, width: body.width, height };
  const width = innerWidth(rect);
  const rows = shown.map((candidate, offset): Row => {
    const isTried = top + offset === index;
    const cells = fitRow([span(candidate.text, isTried ? 'selected' : 'accent')], candidateCells);
    return padRow([...cells, span(' '), span(candidate.help, 'dim')], width);
  });
  const place =
    index === undefined ? String(candidates.length) : `${index + 1} of ${candidates.length}`;
  return frame({
    id: 'candidates',
    rect,
    title: line.error === '' ? [span(usage, 'dim')] : [span(`✗ ${line.error}`, 'bad')],
    note: candidates.length === 0 ? [] : [span(place, 'dim')],
    rows: rows.length === 0 ? [padRow([span('enter does it', 'dim')], width)] : rows,
    isFocused: true,
  });
}
