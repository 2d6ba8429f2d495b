/*
 * A file of a disk that fails: all of it that can be read, and zeros where the disk gives nothing.
 *
 * Zeros have no checksum that fits, so who reads a store's files so finds what is missing as any other damage. It only
 * reads. Errors: the operating system's own, but for EIO. Source: read(2).
 */
import { open, readFile } from 'node:fs/promises';
import { hasSystemCode } from '../../protocol/errors.ts';

/** What a disk fails to read at least: a page of the kernel. */
const pageBytes = 4096;

/** What was read. */
export interface ReadAround {
  readonly bytes: Uint8Array;
  /** So many of them are zeros that nobody wrote. */
  readonly unreadBytes: number;
}

/** Reads it; page by page where it cannot be read as a whole. */
export async function readAround(path: string): Promise<ReadAround> {
  try {
    return { bytes: await readFile(path), unreadBytes: 0 };
  } catch (thrown) {
    if (!hasSystemCode(thrown, 'EIO')) throw thrown;
  }
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc((await file.stat()).size);
    let unreadBytes = 0;
    for (let at = 0; at < bytes.length; at += pageBytes) {
      const page = bytes.subarray(at, at + pageBytes);
      await file.read(page, 0, page.length, at).catch((thrown: unknown) => {
        if (!hasSystemCode(thrown, 'EIO')) throw thrown;
        page.fill(0);
        unreadBytes += page.length;
      });
    }
    return { bytes, unreadBytes };
  } finally {
    await file.close();
  }
}
