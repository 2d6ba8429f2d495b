/*
 * What an agent that did not come up said in its log: for whoever reads of it on another box.
 *
 * Only what was written since a start counts, and of that the last complaint of our program; where there is none,
 * the last line. A log that can't be read says nothing.
 */
import { open, stat } from 'node:fs/promises';
import { lastWordsBytesMax } from './limits.ts';

/** Where the log ends now, in bytes. */
export async function measureLog(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

/** The line since then that tells most; undefined where nothing was said. */
export async function readLastWords(file: string, since: number): Promise<string | undefined> {
  const size = await measureLog(file);
  const from = Math.max(since, size - lastWordsBytesMax);
  if (size <= from) return undefined;
  const lines = (await readPiece(file, { from, length: size - from }))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.findLast((line) => line.startsWith('odally: ')) ?? lines.at(-1);
}

async function readPiece(
  file: string,
  { from, length }: { readonly from: number; readonly length: number },
): Promise<string> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return '';
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
