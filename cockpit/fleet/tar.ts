/*
 * Trees as compressed tar archives, which any box can unpack, piece by piece.
 *
 * Plain files only, owned by whoever unpacks them. A file that gives more or less than it said ends the
 * archive with an error, so no box takes it for whole.
 */
import { pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import { assert } from '../../protocol/errors.ts';
import { packTar } from '../../store/tar-entry.ts';
import type { TreeFile } from './tree.ts';

/**
 * The archive, compressed lightly, because a runtime of 120 MB is mostly waited for; `took` hears how many bytes
 * of the files are in it.
 */
export function packGzip(
  files: readonly TreeFile[],
  took: (bytes: number) => void = () => undefined,
): AsyncIterable<Uint8Array> {
  let takenBytes = 0;
  async function* read(file: TreeFile) {
    for await (const piece of file.read()) {
      yield piece;
      takenBytes += piece.length;
      took(takenBytes);
    }
  }
  const entries = files.map((file) => {
    assert(/^[\x21-\x7e]{1,100}$/.test(file.path), 'a path in an archive is short and plain');
    // Whoever unpacks as root gets modes as they stand here.
    const mode = file.isProgram ? 0o700 : 0o600;
    return { name: file.path, size: file.sizeBytes, mode, bytes: read(file) };
  });
  const gzip = createGzip({ level: 1 });
  // An error of the source ends the compressed stream with it, where its reader sees it.
  pipeline(packTar(entries), gzip, () => undefined);
  return gzip;
}
