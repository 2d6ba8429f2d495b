/*
 * Columns that line up: cells in, rows of one width out. Pure.
 *
 * Widths come from what is in the table, capped, so that short tables stay tight. Columns are in
 * order of reading; each says how dear it is, and the cheapest go first when there is no room.
 */
import { fitRow, measureRow, type Row, sliceRow, span } from './row.ts';

/**
 * One column. `keep` 0 is never dropped; of the others those go that nothing is in, and then the
 * largest first. The last column is content with `cellsMin` and takes whatever is left.
 */
export interface Column {
  readonly title: string;
  readonly keep: number;
  readonly cellsMax: number;
  readonly cellsMin?: number;
}

/** A table laid out for one width: which columns are shown and how wide each is. */
export interface TablePlan {
  readonly columns: readonly Column[];
  readonly shown: readonly { readonly index: number; readonly cells: number }[];
}

const gap = 2;

/** Decides which columns fit into `width` cells and how wide they are; the last one takes the rest. */
export function planTable(
  columns: readonly Column[],
  body: readonly (readonly Row[])[],
  width: number,
): TablePlan {
  const natural = columns.map((column, index) => {
    const most = column.cellsMin ?? column.cellsMax;
    const cells = body.map((row) => measureRow(sliceRow(row[index] ?? [], 0, most)));
    return Math.min(most, Math.max(column.title.length, ...cells));
  });
  const isFilled = columns.map(({ keep }, index) => keep === 0 || isAnyFilled(body, index));
  const kept = chooseColumns(columns, { natural, isFilled }, width);
  const fixed = kept.slice(0, -1).reduce((sum, index) => sum + (natural[index] ?? 0) + gap, 0);
  const shown = kept.map((index, place) => ({
    index,
    cells: place === kept.length - 1 ? Math.max(0, width - fixed) : (natural[index] ?? 0),
  }));
  return { columns, shown };
}

/** One row of the table. */
export function tableRow(plan: TablePlan, cells: readonly Row[]): Row {
  return plan.shown.flatMap((column, place) => [
    ...fitRow(cells[column.index] ?? [], column.cells),
    ...(place === plan.shown.length - 1 ? [] : [span(' '.repeat(gap))]),
  ]);
}

/** The dim row of titles above the table. */
export function tableHead(plan: TablePlan): Row {
  return tableRow(
    plan,
    plan.columns.map((column) => [span(column.title, 'dim')]),
  );
}

function isAnyFilled(body: readonly (readonly Row[])[], index: number): boolean {
  return body.some((row) => (row[index] ?? []).some(({ text }) => text.trim() !== ''));
}

function chooseColumns(
  columns: readonly Column[],
  { natural, isFilled }: { natural: readonly number[]; isFilled: readonly boolean[] },
  width: number,
): readonly number[] {
  let kept = columns.map((_, index) => index).filter((index) => isFilled[index]);
  const need = () => kept.reduce((sum, index) => sum + (natural[index] ?? 0) + gap, -gap);
  for (let round = 0; round < columns.length && need() > width; round += 1) {
    const dearest = kept.reduce(
      (worst, index) => ((columns[index]?.keep ?? 0) > (columns[worst]?.keep ?? 0) ? index : worst),
      kept[0] ?? 0,
    );
    if ((columns[dearest]?.keep ?? 0) === 0) break;
    kept = kept.filter((index) => index !== dearest);
  }
  return kept;
}
