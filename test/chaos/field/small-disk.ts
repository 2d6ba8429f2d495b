/*
 * A disk of its own for one home, small enough to be filled: a tmpfs, where mounting is allowed.
 *
 * Life cycle: `mountDisk`, then `close`, which empties and unmounts it and is safe to repeat.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A mounted disk. */
export interface SmallDisk {
  readonly directory: string;
  /** Writes until nothing fits any more; says how much was written. */
  fill(): number;
  /** Makes the room free again. */
  free(): void;
  close(): void;
}

const blockBytes = 64 * 1024;

/** Mounts one at `directory`; a sentence where that is not allowed. */
export function mountDisk(directory: string, bytes: number): SmallDisk | string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    const options = `size=${bytes},mode=0700`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', directory], { stdio: 'pipe' });
  } catch (thrown) {
    return `no tmpfs can be mounted: ${(thrown as Error).message.split('\n').at(-1)}`;
  }
  const filler = join(directory, 'filler');
  const free = () => rmSync(filler, { force: true });
  let isMounted = true;
  return {
    directory,
    fill: () => fillUp(filler),
    free,
    close() {
      if (!isMounted) return;
      isMounted = false;
      free();
      // Lazily: what was killed a moment ago may hold it a little longer.
      execFileSync('umount', ['-l', directory], { stdio: 'pipe' });
    },
  };
}

function fillUp(file: string): number {
  const handle = openSync(file, 'a');
  let written = 0;
  // From large to small, until not even one byte fits.
  for (let size = blockBytes; size >= 1; size = Math.floor(size / 8)) {
    const block = Buffer.alloc(size, 'x');
    try {
      for (;;) written += writeSync(handle, block);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') {
        closeSync(handle);
        throw thrown;
      }
    }
  }
  closeSync(handle);
  return written;
}
