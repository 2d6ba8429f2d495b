/*
 * Stores that were put aside: how their folders in `set-aside` are called, and which there are.
 *
 * A name is an instant, and later than every name that is there already, whatever the clock says: so the order of the
 * names is that in which they were made, nothing comes into the folder of another, and who keeps only the newest never
 * removes what was put aside just now. Copies of logs that lie there as well are nobody's to remove.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

const folder = 'set-aside';
const storeName = /^\d+$/;

/** The path, below the home, of what is put aside now: wall milliseconds, or later. */
export async function nameAside(home: string, now: number): Promise<string> {
  const last = Number((await listAsides(join(home, folder))).at(-1) ?? -1);
  return join(folder, String(Math.max(Math.round(now), last + 1)).padStart(15, '0'));
}

/** The names in a home's `set-aside` that are stores, the one made first first. */
export async function listAsides(path: string): Promise<readonly string[]> {
  const names = await readdir(path).catch((): string[] => []);
  return names.filter((name) => storeName.test(name)).toSorted((a, b) => Number(a) - Number(b));
}
