/*
 * The check of the store's tables: is every block of them as it was written?
 *
 * LevelDB compares no sums when it reads, so a byte that the disk changed is given out as a row, or makes one that
 * cannot be read long after. Tables never change once they are written, so they can be looked at beside a program
 * that works on them; one that is just being written, or goes meanwhile, is left out. It only reads.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Check, listOne } from '../../protocol/doctor.ts';
import { defineSection, type Section } from '../../protocol/doctor-sections.ts';
import { countDamaged } from '../salvage/level-table.ts';
import { tableMsMin, tablesBytesMax } from './limits.ts';
import type { StoreVisit } from './store-visit.ts';

/** What the section is given. */
export interface TableContext {
  readonly visit: StoreVisit;
  /** Wall milliseconds. */
  readonly nowMs: number;
}

interface TableFacts {
  /** Tables with a damaged block, and how many each has. */
  readonly damaged: readonly { readonly path: string; readonly count: number }[];
}

const blocks: Check<TableFacts, TableContext> = {
  id: 'store-block-damaged',
  title: 'every block of the store is as it was written',
  why: 'A byte that the disk changed is read as if it were yours.',
  area: 'store',
  severity: 'error',
  cost: 'walks',
  diagnose: ({ damaged }) =>
    damaged.flatMap(({ path, count }) =>
      listOne({
        subject: path,
        seen: `${count} ${count === 1 ? 'block' : 'blocks'} of ${path} ${count === 1 ? 'has' : 'have'} another checksum than was written.`,
        wanted: 'The bytes that were written.',
        advice:
          'Look at that disk. Stop the program, then `wally repair`, on a box `odally repair`: it puts single bytes right.',
      }),
    ),
};

async function gather({ visit, nowMs }: TableContext): Promise<TableFacts> {
  const names = (await readdir(visit.directory).catch((): string[] => []))
    .filter((name) => name.endsWith('.ldb'))
    .toSorted();
  const damaged: { path: string; count: number }[] = [];
  let bytes = 0;
  // The newest first: they hold what is asked for most.
  for (const name of names.reverse()) {
    const path = join(visit.directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || nowMs - found.mtimeMs < tableMsMin) continue;
    bytes += found.size;
    if (bytes > tablesBytesMax) break;
    const count = await readFile(path).then(countDamaged, () => 0);
    if (count > 0) damaged.push({ path, count });
  }
  return { damaged };
}

/** The tables. */
export const tableSection: Section<TableContext> = defineSection({
  name: 'tables',
  pace: 'slow',
  gather,
  checks: [blocks],
});
