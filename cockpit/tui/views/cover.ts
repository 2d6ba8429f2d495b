/*
 * What of each row of the screen can be seen: boxes are drawn in order, and a later one covers. Pure.
 *
 * Every row that is given is there to be painted at its place without looking at any other; none goes
 * over a cell of another. A wide character of which half is covered leaves a space.
 */
import { innerWidth, type Rect } from './layout.ts';
import { fitRow, sliceRow } from './row.ts';
import type { PlacedRow, ScreenView } from './screen.ts';

/** All rows in sight, each exactly as wide as its place; those of boxes with the titles in their borders. */
export function listRows(view: ScreenView): readonly PlacedRow[] {
  const { lines, panes, columns } = view;
  const covers = panes.map(({ rect }) => rect);
  const width = Math.max(0, columns - 1);
  return [
    ...lines.flatMap((line) => uncover({ ...line, width: width - line.x }, covers)),
    ...panes.flatMap(({ rect, top, rows }, index) => {
      const above = covers.slice(index + 1);
      const inner = { x: rect.x + 1, width: innerWidth(rect) };
      return [
        ...uncover({ x: rect.x, y: rect.y, row: top, width: rect.width }, above),
        ...rows.flatMap((row, line) => uncover({ ...inner, y: rect.y + 1 + line, row }, above)),
      ];
    }),
  ];
}

interface WideRow extends PlacedRow {
  readonly width: number;
}

/** The parts of a row that no rectangle covers, from left to right. */
function uncover({ x, y, row, width }: WideRow, covers: readonly Rect[]): readonly PlacedRow[] {
  const whole = fitRow(row, width);
  const over = covers.filter((rect) => isOver(rect, { x, y, width }));
  if (over.length === 0) return [{ x, y, row: whole }];
  const cuts = over.flatMap((rect) => [rect.x - x, rect.x + rect.width - x]);
  const edges = [0, ...cuts, width]
    .map((edge) => Math.min(width, Math.max(0, edge)))
    .sort((a, b) => a - b);
  return edges.slice(1).flatMap((to, index) => {
    const from = edges[index] ?? 0;
    const isCovered = over.some((rect) => isOver(rect, { x: x + from, y, width: to - from }));
    return from === to || isCovered ? [] : [{ x: x + from, y, row: sliceRow(whole, from, to) }];
  });
}

function isOver(
  rect: Rect,
  at: { readonly x: number; readonly y: number; readonly width: number },
) {
  const isBeside = at.x + at.width <= rect.x || at.x >= rect.x + rect.width;
  return !isBeside && at.y >= rect.y && at.y < rect.y + rect.height;
}
