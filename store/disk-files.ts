/*
 * The real disk under a home: how much room it has, and the ballast as a file.
 *
 * The ballast is written out in full with chance's bytes and synced, because a sparse or a
 * compressed file would keep no room free; it appears under its name only when it is whole.
 */
import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { hasSystemCode } from '../protocol/errors.ts';
import type { Random } from '../protocol/ports.ts';
import type { DiskPort } from './disk-watch.ts';
import { ballastPieceBytes } from './limits.ts';

/** The file system that `directory` is on; the ballast lies at `ballast`. */
export function openDiskPort(
  { directory, ballast }: { readonly directory: string; readonly ballast: string },
  random: Pick<Random, 'bytes'>,
): DiskPort {
  const unfinished = `${ballast}.new`;
  return {
    async measure() {
      const { bavail, blocks, bsize } = await statfs(directory);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    },
    async findBallast() {
      await rm(unfinished, { force: true });
      return stat(ballast).then(
        ({ size }) => size,
        (thrown: unknown) => {
          if (hasSystemCode(thrown, 'ENOENT')) return 0;
          throw thrown;
        },
      );
    },
    async makeBallast(bytes) {
      try {
        await writeNoise(unfinished, bytes, random);
        await rename(unfinished, ballast);
      } catch (thrown) {
        await rm(unfinished, { force: true });
        throw thrown;
      }
    },
    dropBallast: () => rm(ballast, { force: true }),
  };
}

async function writeNoise(
  path: string,
  bytes: number,
  random: Pick<Random, 'bytes'>,
): Promise<void> {
  const handle = await open(path, 'w', 0o600);
  try {
    // One piece for all, or the process would keep the memory of sixty-four for ever.
    const piece = drawBytes(Math.min(ballastPieceBytes, bytes), random);
    for (let written = 0; written < bytes; written += piece.length) {
      stampBlocks(piece, written);
      await handle.writeFile(piece.subarray(0, Math.min(piece.length, bytes - written)));
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes every block another one than any before, for file systems that keep equal ones once. */
function stampBlocks(piece: Uint8Array, position: number): void {
  const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
  for (let at = 0; at + 8 <= piece.length; at += blockBytes) {
    view.setBigUint64(at, BigInt(position + at));
  }
}

/** The block size of most file systems. */
const blockBytes = 4096;

/** In draws of 64 KiB, which is the most that the system gives at once. */
function drawBytes(count: number, random: Pick<Random, 'bytes'>): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at += 65_536) {
    bytes.set(random.bytes(Math.min(65_536, count - at)), at);
  }
  return bytes;
}
