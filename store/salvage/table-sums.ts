/*
 * Are the tables of a store as they were written? Compared with their own sums, the newest first.
 *
 * LevelDB compares none, neither when it reads nor when it puts tables together: then a byte that the disk changed goes
 * into a new table, with a sum that fits, and nobody can tell or mend it any more. Only tables that the MANIFEST names
 * count: one that was being written when its process died is none. Tables never change, so this may run beside a
 * program that works on them. It only reads. Errors: STORE_IO.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasSystemCode, wrapError } from '../../protocol/errors.ts';
import { readLevelLog } from './level-log.ts';
import { countDamaged } from './level-table.ts';
import { readVersion, UnfitError } from './level-values.ts';

/** A table with blocks that are not what was written. */
export interface DamagedTable {
  readonly name: string;
  readonly count: number;
}

/** Looks at tables of so many bytes together. What cannot be told by the MANIFEST is LevelDB's to say. */
export async function listDamagedTables(
  store: string,
  bytesMax: number,
): Promise<readonly DamagedTable[]> {
  const numbers = await listTables(store);
  const damaged: DamagedTable[] = [];
  let bytes = 0;
  for (const number of numbers.toSorted((a, b) => b - a)) {
    const name = `${String(number).padStart(6, '0')}.ldb`;
    const path = join(store, name);
    bytes += (await stat(path).catch(orGone))?.size ?? 0;
    if (bytes > bytesMax) break;
    const file = await readFile(path).catch(orGone);
    const count = file === undefined ? 0 : countDamaged(file);
    if (count > 0) damaged.push({ name, count });
  }
  return damaged;
}

async function listTables(store: string): Promise<readonly number[]> {
  const current = await readFile(join(store, 'CURRENT'), 'utf8').catch(orGone);
  const name = /^(MANIFEST-\d+)\n$/.exec(current ?? '')?.[1];
  const manifest = name === undefined ? undefined : await readFile(join(store, name)).catch(orGone);
  if (manifest === undefined) return [];
  try {
    const { records } = readLevelLog(manifest);
    return [...readVersion(records.map(({ bytes }) => bytes)).tables.keys()];
  } catch (thrown) {
    if (thrown instanceof UnfitError) return [];
    throw thrown;
  }
}

/** A table may go while it is looked at: others have taken its place. */
function orGone(thrown: unknown): undefined {
  if (hasSystemCode(thrown, 'ENOENT') || hasSystemCode(thrown, 'ENOTDIR')) return undefined;
  throw wrapError(thrown, 'STORE_IO');
}
