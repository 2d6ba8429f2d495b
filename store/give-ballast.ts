/*
 * The ballast of a home in which nobody runs, given up for what must be written there on a full disk.
 *
 * It is kept for that; the next program that runs on the home makes it again where there is room. Errors: those of what
 * is tried.
 */
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from '../protocol/is-there.ts';
import { movesFile } from './backup-restore.ts';
import { isDiskFull } from './disk-guard.ts';

/** Tries it; where the disk is full, once more without the ballast, if there is one. */
export async function withBallast<T>(home: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    // Moves that were begun are gone on with by another call, and what was found before them is still to be told.
    if (!isDiskFull(thrown) || (await isThere(join(home, movesFile)))) throw thrown;
    const isGiven = await unlink(join(home, 'ballast')).then(
      () => true,
      () => false,
    );
    if (!isGiven) throw thrown;
    return act();
  }
}
