/*
 * Trees as tar archives, which any box can unpack, piece by piece.
 *
 * Plain files only, owned by whoever unpacks them; the form is ustar, so a path has 100 bytes. A file that
 * gives more or less than it said ends the archive with an error, so no box takes it for whole. Source:
 * POSIX.1-2017, pax, "ustar Interchange Format".
 */
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { assert } from '../../protocol/errors.ts';
import type { TreeFile } from './tree.ts';

const blockBytes = 512;

/** The archive, file after file, closed by two empty blocks; `took` hears how much of the files is in it. */
export async function* packTar(
  files: readonly TreeFile[],
  took: (bytes: number) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  let allBytes = 0;
  for (const file of files) {
    yield makeHeader(file);
    let writtenBytes = 0;
    for await (const piece of file.read()) {
      writtenBytes += piece.length;
      yield piece;
      allBytes += piece.length;
      took(allBytes);
    }
    assert(writtenBytes === file.sizeBytes, `${file.path} is as long as it was when it was hashed`);
    yield new Uint8Array(-writtenBytes & (blockBytes - 1));
  }
  yield new Uint8Array(2 * blockBytes);
}

/** The same, compressed: lightly, because a runtime of 120 MB is mostly waited for. */
export function packGzip(
  files: readonly TreeFile[],
  took?: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  const gzip = createGzip({ level: 1 });
  // An error of the source ends the compressed stream with it, where its reader sees it.
  pipeline(Readable.from(packTar(files, took)), gzip, () => undefined);
  return gzip;
}

function makeHeader({ path, sizeBytes, isProgram }: TreeFile): Uint8Array {
  assert(/^[\x21-\x7e]{1,100}$/.test(path), 'a path in an archive is short and plain');
  const header = new Uint8Array(blockBytes);
  const encoder = new TextEncoder();
  const put = (offset: number, text: string) => header.set(encoder.encode(text), offset);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  put(0, path);
  // Whoever unpacks as root gets modes as they stand here.
  put(100, octal(isProgram ? 0o700 : 0o600, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(sizeBytes, 11));
  put(136, octal(0, 11));
  put(148, ' '.repeat(8));
  put(156, '0');
  put(257, 'ustar\x0000');
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, `${octal(sum, 6)}\x00 `);
  return header;
}
