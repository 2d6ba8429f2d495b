/*
 * The help overlay: the keymap, and what the glyphs mean. Pure; nothing in it is written by hand
 * that the keymap knows.
 */
import { type Binding, contextTitles, listBindings, listRenamed } from '../keys/keymap.ts';
import type { Overlay } from '../state/model.ts';
import { centerRect, innerWidth, type Rect } from './layout.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { fitRow, type Row, span } from './row.ts';

const helpWidth = 68;
const keysCells = 20;

type Help = Extract<Overlay, { type: 'help' }>;

/** Where the help is. */
export function helpRect(help: Help, body: Rect): Rect {
  return centerRect(body, { width: helpWidth, height: countHelpRows(help) + 2 });
}

/** Rows that the whole help has. */
export function countHelpRows(help: Help): number {
  return helpRows(help).length;
}

/** The help from row `top` on, over the panes: what is of use where it was asked for comes first. */
export function viewHelp(help: Help, body: Rect): PaneView {
  const { top } = help;
  const rect = helpRect(help, body);
  const all = helpRows(help);
  const rows = all.slice(top).map((row) => padRow(row, innerWidth(rect)));
  const room = Math.max(0, rect.height - 2);
  const note =
    all.length > room
      ? [span(`${Math.min(all.length, top + room)} of ${all.length} rows, j k`, 'dim')]
      : [];
  return frame({ id: 'help', rect, title: [span('Keys', 'title')], note, rows, isFocused: true });
}

function helpRows({ of: pane, keymap, isWhole }: Help): readonly Row[] {
  const own = keymap.filter(({ contexts }) => contexts.includes(pane));
  const here = [...listRenamed(pane, keymap), ...own];
  const shown = contextTitles.filter(([context]) => isWhole || context === 'global');
  const parts = shown.flatMap(([context, title]) => keyRows(title, listBindings(context, keymap)));
  const [whole] = keymap.find(({ command }) => command === 'help-whole')?.keys ?? [];
  const other = isWhole ? 'only the keys of here' : 'the keys of all panes, forms and lines';
  return [
    ...keyRows(`Here, in the ${pane}`, here),
    ...(whole === undefined ? [] : [[span(`${whole}: ${other}`, 'dim')], []]),
    ...parts,
    [span('Signs', 'title')],
    signRow('●●●○○', 'queued, sent, accepted, started, finished'),
    signRow('▸ › ◆', 'selected, chosen in another pane, marked'),
    signRow('┃', 'a line of stderr'),
    signRow('▸ ◆ ·', 'in a log: where you are, marked, near a hit'),
    [span('Leaving stops nothing: jobs and the hub go on.', 'dim')],
  ];
}

function keyRows(title: string, bindings: readonly Binding[]): readonly Row[] {
  if (bindings.length === 0) return [];
  const rows = bindings.map((binding): Row => {
    const keys = fitRow([span(binding.keys.join(' '), 'accent')], keysCells);
    return [span('  '), ...keys, span(binding.title)];
  });
  return [[span(title, 'title')], ...rows, []];
}

function signRow(sign: string, meaning: string): Row {
  return [span('  '), ...fitRow([span(sign, 'accent')], keysCells), span(meaning)];
}
