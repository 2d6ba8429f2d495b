/*
 * How large a file is, where there may be none.
 *
 * That it is not there is an answer; whatever else goes wrong is not, and goes on to whoever asked.
 */
import { stat } from 'node:fs/promises';
import { hasSystemCode } from '../protocol/errors.ts';

/** Bytes of the file; undefined where there is none. */
export async function findSize(path: string): Promise<number | undefined> {
  return (await stat(path).catch(noFile))?.size;
}

/** Undefined where there is no such file; any other failure goes on. */
export function noFile(thrown: unknown): undefined {
  if (hasSystemCode(thrown, 'ENOENT')) return undefined;
  throw thrown;
}
