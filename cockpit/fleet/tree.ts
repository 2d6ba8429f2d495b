/*
 * A tree: files that are put onto a box together, as one directory that is there whole or not at all.
 *
 * It is called by its content, so a tree of this name that is there need not be sent again. Its files are
 * read when they are sent; what is read must be what was hashed, or the box refuses it. Pure but for that.
 */
import { hashBytes, hashFiles } from '../../protocol/manifest.ts';

/** One file of a tree. */
export interface TreeFile {
  /** Relative to the tree, of plain ASCII, without `..`. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly isProgram: boolean;
  /** Its bytes, from the first; may be asked for again. */
  read(): AsyncIterable<Uint8Array>;
}

/** Files under a name. */
export interface Tree {
  /** The directory's name, without a slash. */
  readonly name: string;
  readonly files: readonly TreeFile[];
}

/** A file whose bytes are at hand. */
export function makeTreeFile(path: string, bytes: Uint8Array, kind: 'program' | 'data'): TreeFile {
  return {
    path,
    sizeBytes: bytes.length,
    sha256: hashBytes(bytes),
    isProgram: kind === 'program',
    async *read() {
      yield bytes;
    },
  };
}

/** What a box that has the tree says of it; see `hashFiles`. */
export function sealTree({ files }: Tree): string {
  return hashFiles(Object.fromEntries(files.map(({ path, sha256 }) => [path, sha256])));
}

/** Bytes of all its files. */
export function countTreeBytes({ files }: Tree): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
