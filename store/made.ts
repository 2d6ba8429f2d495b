/*
 * Was a store once opened whole here? A file of ours says so, and where that was lost, what only a store that served has.
 *
 * A store whose power went while it was made has none of these: nothing was acknowledged from it, and it is made again.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from '../protocol/is-there.ts';

/** Its presence says that a store was once opened here whole. LevelDB leaves unknown files alone. */
export const createdMark = 'CREATED';

/** What the witness of a store writes into. */
export const witnessFile = 'TAIL';

/** More than LevelDB's log has of a store that was just made; bytes. */
const madeLogBytesMax = 1024;

/** Is there one? What cannot be looked at counts as there. */
export async function isStoreMade(store: string): Promise<boolean> {
  if ((await isThere(join(store, createdMark))) || (await isThere(join(store, witnessFile))))
    return true;
  const names = await readdir(store).catch(() => []);
  if (names.some((name) => /^\d+\.(ldb|sst)$/.test(name))) return true;
  const logs = names.filter((name) => /^\d+\.log$/.test(name));
  const sizes = await Promise.all(logs.map((name) => measure(join(store, name))));
  return sizes.some((bytes) => bytes > madeLogBytesMax);
}

function measure(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
