/*
 * Is there anything at a path?
 *
 * Where that can't be told (a folder that may not be looked into, a disk that fails) it counts as there: those who
 * ask would write over it, or call it missing.
 */
import { access } from 'node:fs/promises';
import { hasSystemCode } from './errors.ts';

/** False only where it surely is not; a link to nothing is nothing. */
export function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (thrown: unknown) => !hasSystemCode(thrown, 'ENOENT') && !hasSystemCode(thrown, 'ENOTDIR'),
  );
}
