/*
 * The help overlay: the keymap, and what the glyphs mean. Pure; nothing in it is written by hand
 * that the keymap knows.
 */
import { type Binding, contextTitles, listBindings, listRenamed } from '../keys/keymap.ts';
import type { Overlay } from '../state/model.ts';
import { centerRect, innerWidth, type Rect } from './layout.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { fitRow, type Row, span } from './row.ts';
import { wrapCells } from './width.ts';

const helpWidth = 68;

// Keys have a column of their own, as wide as the longest of them where there is room for that.
const indentCells = 2;
const keysCells = { roomy: 20, narrow: 11, least: 7 } as const;
const roomyCells = 60;
const narrowCells = 30;

type Help = Extract<Overlay, { type: 'help' }>;

/** Where the help is. */
export function helpRect(help: Help, body: Rect): Rect {
  return centerRect(body, { width: helpWidth, height: countHelpRows(help, body) + 2 });
}

/** Rows that the whole help has there. */
export function countHelpRows(help: Help, body: Rect): number {
  return helpRows(help, innerCells(body)).length;
}

/** Cells of a row, its padding left out. */
function innerCells(body: Rect): number {
  return innerWidth(centerRect(body, { width: helpWidth, height: 0 })) - 2;
}

/** The help from row `top` on, over the panes: what is of use where it was asked for comes first. */
export function viewHelp(help: Help, body: Rect): PaneView {
  const { top } = help;
  const rect = helpRect(help, body);
  const all = helpRows(help, innerCells(body));
  const rows = all.slice(top).map((row) => padRow(row, innerWidth(rect)));
  const room = Math.max(0, rect.height - 2);
  const note =
    all.length > room
      ? [span(`${Math.min(all.length, top + room)} of ${all.length} rows, j k`, 'dim')]
      : [];
  return frame({ id: 'help', rect, title: [span('Keys', 'title')], note, rows, isFocused: true });
}

function helpRows({ of: pane, keymap, isWhole }: Help, cells: number): readonly Row[] {
  const own = keymap.filter(({ contexts }) => contexts.includes(pane));
  const here = [...listRenamed(pane, keymap), ...own];
  const shown = contextTitles.filter(([context]) => isWhole || context === 'global');
  const parts = shown.flatMap(([context, title]) =>
    keyRows(title, listBindings(context, keymap), cells),
  );
  const [whole] = keymap.find(({ command }) => command === 'help-whole')?.keys ?? [];
  const other = isWhole ? 'only the keys of here' : 'the keys of all panes, forms and lines';
  const notes = (text: string) => wrapCells(text, cells).map((line): Row => [span(line, 'dim')]);
  return [
    ...keyRows(`Here, in the ${pane}`, here, cells),
    ...(whole === undefined ? [] : [...notes(`${whole}: ${other}`), []]),
    ...parts,
    [span('Signs', 'title')],
    ...twoColumns('●●●○○', 'queued, sent, accepted, started, finished', cells),
    ...twoColumns('▸ › ◆', 'selected, chosen in another pane, marked', cells),
    ...twoColumns('┃', 'a line of stderr', cells),
    ...twoColumns('▸ ◆ ·', 'in a log: where you are, marked, near a hit', cells),
    ...notes('Leaving stops nothing: jobs and the hub go on.'),
  ];
}

function keyRows(title: string, bindings: readonly Binding[], cells: number): readonly Row[] {
  if (bindings.length === 0) return [];
  const rows = bindings.flatMap((one) => twoColumns(one.keys.join(' '), one.title, cells));
  return [[span(title, 'title')], ...rows, []];
}

/** What is pressed or shown, and beside it what that means; both go on below where they are long. */
function twoColumns(left: string, right: string, cells: number): readonly Row[] {
  const leftCells = keysCellsOf(cells);
  const lefts = wrapCells(left, leftCells - 1);
  const rights = wrapCells(right, Math.max(1, cells - indentCells - leftCells));
  const height = Math.max(lefts.length, rights.length);
  return Array.from({ length: height }, (_, line): Row => {
    const keys = fitRow([span(lefts[line] ?? '', 'accent')], leftCells);
    return [span(' '.repeat(indentCells)), ...keys, span(rights[line] ?? '')];
  });
}

function keysCellsOf(cells: number): number {
  if (cells >= roomyCells) return keysCells.roomy;
  return cells >= narrowCells ? keysCells.narrow : keysCells.least;
}
