/*
 * Entries of a tar, written one after the other, no faster than they are taken.
 *
 * Plain files only. An entry that gives more or less than it said is an error, so nobody takes an archive of it
 * for whole. Errors: tar-stream's own, and those of the bytes.
 */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { type Pack, pack } from 'tar-stream';

/** One file; its bytes are read once. */
export interface TarEntry {
  readonly name: string;
  readonly size: number;
  readonly mode: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Writes one entry; resolves when the next may come. */
export async function writeTarEntry(tar: Pack, { bytes, ...header }: TarEntry): Promise<void> {
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const entry = tar.entry(header, (error) => (error ? reject(error) : resolve()));
  for await (const piece of bytes) {
    if (!entry.write(piece)) await Promise.race([once(entry, 'drain'), done]);
  }
  entry.end(null);
  await done;
}

/** The archive of these; what fails on the way ends it with that error. */
export function packTar(entries: readonly TarEntry[]): Readable {
  const tar = pack();
  const write = async () => {
    for (const entry of entries) await writeTarEntry(tar, entry);
    tar.finalize();
  };
  write().catch((thrown: Error) => tar.destroy(thrown));
  return Readable.from(tar);
}
