/*
 * Moving a file aside: out of the way of a program, and kept for its owner.
 *
 * Nothing is ever overwritten or removed. The new name says when, and lies beside the old one, so that
 * whoever looks for the file finds it.
 */
import { access, rename } from 'node:fs/promises';
import { hasSystemCode } from '../../protocol/errors.ts';

/**
 * Moves it, and resolves with where it is now; undefined where it was gone. Wall milliseconds; `as` is what
 * the new name begins with, the old one where absent.
 */
export async function moveAside(
  path: string,
  nowMs: number,
  as: string = path,
): Promise<string | undefined> {
  const instant = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
  for (let number = 1; ; number += 1) {
    const aside = `${as}.aside-${instant}${number === 1 ? '' : `-${number}`}`;
    const isTaken = await access(aside).then(
      () => true,
      () => false,
    );
    if (isTaken) continue;
    return rename(path, aside).then(
      () => aside,
      (thrown: unknown) => {
        if (hasSystemCode(thrown, 'ENOENT')) return undefined;
        throw thrown;
      },
    );
  }
}
