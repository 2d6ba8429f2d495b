/*
 * The check of the store's tables: is every block of them as it was written?
 *
 * The start of a program looks too; this one finds what the disk changed since, while the program works on it, before
 * LevelDB puts the table together with others. Nothing is mended here: that needs a store at rest.
 */
import { join } from 'node:path';
import type { Check } from '../../protocol/doctor.ts';
import { defineSection, type Section } from '../../protocol/doctor-sections.ts';
import { tablesBytesMax } from '../limits.ts';
import { type DamagedTable, listDamagedTables } from '../salvage/table-sums.ts';
import type { StoreVisit } from './store-visit.ts';

/** What the section is given. */
export interface TableContext {
  readonly visit: StoreVisit;
}

interface TableFacts {
  readonly store: string;
  readonly damaged: readonly DamagedTable[];
}

const blocks: Check<TableFacts, TableContext> = {
  id: 'store-block-damaged',
  title: 'every block of the store is as it was written',
  why: 'A byte that the disk changed is read as if it were yours.',
  area: 'store',
  severity: 'error',
  cost: 'walks',
  diagnose: ({ store, damaged }) =>
    damaged.map(({ name, count }) => ({
      subject: name,
      seen: `${join(store, name)} is not as it was written: blocks with another checksum: ${count}.`,
      wanted: 'The bytes that were written.',
      advice:
        'Look at that disk. Stop the program, then `wally repair`, on a box `odally repair`: it puts single bytes right.',
    })),
};

async function gather({ visit }: TableContext): Promise<TableFacts> {
  return {
    store: visit.directory,
    damaged: await listDamagedTables(visit.directory, tablesBytesMax),
  };
}

/** The tables. */
export const tableSection: Section<TableContext> = defineSection({
  name: 'tables',
  pace: 'slow',
  gather,
  checks: [blocks],
});
