/*
 * The help overlay: the keymap, and what the glyphs mean. Pure; nothing in it is written by hand
 * that the keymap knows.
 */
import { contextTitles, listBindings } from '../keys/keymap.ts';
import { centerRect, innerWidth, type Rect } from './layout.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { fitRow, type Row, span } from './row.ts';

const helpWidth = 64;
const keysCells = 20;

/** Where the help is. */
export function helpRect(body: Rect): Rect {
  return centerRect(body, { width: helpWidth, height: countHelpRows() + 2 });
}

/** Rows that the whole help has. */
export function countHelpRows(): number {
  return helpRows().length;
}

/** The help from row `top` on, over the panes. */
export function viewHelp(top: number, body: Rect): PaneView {
  const rect = helpRect(body);
  const all = helpRows();
  const rows = all.slice(top).map((row) => padRow(row, innerWidth(rect)));
  const room = Math.max(0, rect.height - 2);
  const note =
    all.length > room
      ? [span(`${Math.min(all.length, top + room)} of ${all.length} rows, j k`, 'dim')]
      : [];
  return frame({ id: 'help', rect, title: [span('Keys', 'title')], note, rows, isFocused: true });
}

function helpRows(): readonly Row[] {
  const parts = contextTitles.flatMap(([context, title]): readonly Row[] => [
    [span(title, 'title')],
    ...listBindings(context).map(
      (binding): Row => [
        span('  '),
        ...fitRow([span(binding.keys.join(' '), 'accent')], keysCells),
        span(binding.title),
      ],
    ),
    [],
  ]);
  return [
    ...parts,
    [span('Signs', 'title')],
    signRow('●●●○○', 'queued, sent, accepted, started, finished'),
    signRow('┃', 'a line of stderr'),
    [span('Leaving stops nothing: jobs and the hub go on.', 'dim')],
  ];
}

function signRow(sign: string, meaning: string): Row {
  return [span('  '), ...fitRow([span(sign, 'accent')], keysCells), span(meaning)];
}
