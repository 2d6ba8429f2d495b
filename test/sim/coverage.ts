/*
 * Which cells of the transition tables the histories took, and which they never did.
 *
 * A cell that no history takes is one that no check has judged. Those that cannot be taken by
 * construction stand in a list, each with its reason; one that is taken all the same is a finding
 * too, for then the reason is wrong.
 */
import { type Cell, listCells } from '../../protocol/machines/table.ts';
import { seldom, unreachable } from './unreachable.ts';

/** With fewer seeds a rare cell may be missed by chance. */
export const coverageSeedsMin = 2000;

/** And with fewer than these, one that is taken seldom. */
const seldomSeedsMin = 50_000;

type Names = Map<string, Map<string, Map<string, { taken: number }>>>;

/** How often each cell was taken. Names are joined at the end: a run takes thousands of steps. */
export class CellCounts {
  readonly #tables: Names = new Map();

  add(table: string, state: string, event: string): void {
    const cell = this.#tables.get(table)?.get(state)?.get(event);
    if (cell === undefined) this.#begin(table, state, event);
    else cell.taken += 1;
  }

  /** By the name of the cell. */
  list(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const [table, states] of this.#tables) {
      for (const [state, events] of states) {
        for (const [event, { taken }] of events) counts.set(nameCell(table, state, event), taken);
      }
    }
    return counts;
  }

  #begin(table: string, state: string, event: string): void {
    const states = this.#tables.get(table) ?? new Map<string, Map<string, { taken: number }>>();
    this.#tables.set(table, states);
    const events = states.get(state) ?? new Map<string, { taken: number }>();
    states.set(state, events.set(event, { taken: 1 }));
  }
}

/** What is to be said of the cells that a batch took. */
export interface Coverage {
  /** A table of the tables, and the rare cells. */
  readonly lines: readonly string[];
  /** What was not taken and need not be in so small a batch. */
  readonly notes: readonly string[];
  /** What is wrong. */
  readonly findings: readonly string[];
}

/** Compares what was taken with what there is. */
export function judgeCoverage(taken: ReadonlyMap<string, number>, seedCount: number): Coverage {
  const cells = listCells().map((cell) => ({ ...cell, name: nameOf(cell) }));
  const names = new Set(cells.map(({ name }) => name));
  const untaken = cells.filter(({ name }) => !taken.has(name) && !unreachable.has(name));
  const isExcused = ({ name }: { readonly name: string }) =>
    seedCount < seldomSeedsMin && seldom.has(name);
  const missing = untaken.filter((cell) => !isExcused(cell));
  const wrong = [...unreachable.keys()].filter((name) => taken.has(name) || !names.has(name));
  return {
    lines: listTables(cells, taken),
    notes: untaken.filter(isExcused).map(({ name }) => name),
    findings: [
      ...missing.map(({ name, ignored }) =>
        ignored === undefined ? `never taken: ${name}` : `never taken: ${name} (${ignored})`,
      ),
      ...wrong.map((name) =>
        names.has(name)
          ? `taken ${taken.get(name)} times, but listed as unreachable: ${name}`
          : `listed as unreachable, but there is no such cell: ${name}`,
      ),
    ],
  };
}

function listTables(
  cells: readonly (Cell & { readonly name: string })[],
  taken: ReadonlyMap<string, number>,
): readonly string[] {
  const tables = [...new Set(cells.map(({ table }) => table))];
  return tables.map((table) => {
    const own = cells.filter((cell) => cell.table === table);
    const counts = own.map(({ name }) => taken.get(name) ?? 0);
    const takenCount = counts.filter((count) => count > 0).length;
    const unreachableCount = own.filter(({ name }) => unreachable.has(name)).length;
    const [rarest] = own
      .filter(({ name }) => taken.has(name))
      .sort((a, b) => (taken.get(a.name) ?? 0) - (taken.get(b.name) ?? 0));
    const rare =
      rarest === undefined
        ? ''
        : `, rarest ${rarest.state} ${rarest.event} ${taken.get(rarest.name)}`;
    const cut = unreachableCount === 0 ? '' : ` (${unreachableCount} cannot be)`;
    return `  ${table.padEnd(14)} ${takenCount} of ${own.length} cells${cut}${rare}`;
  });
}

function nameOf({ table, state, event }: Cell): string {
  return nameCell(table, state, event);
}

/** The name of a cell: `sender live ack`. */
function nameCell(table: string, state: string, event: string): string {
  return `${table} ${state} ${event}`;
}
