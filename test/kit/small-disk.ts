/*
 * A small file system of its own that a test can fill: a tmpfs of a few MiB.
 *
 * Needs root and Linux; where that is missing the reason is given, so that a test can say why it was
 * left out and nobody takes it for passed. `close` unmounts it, and is safe to repeat.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, open, rm, rmdir, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A file system that can be full. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Takes what is free now, and nothing that is given up meanwhile. */
  fill(): Promise<void>;
  /** Gives them back. */
  free(): Promise<void>;
  close(): Promise<void>;
}

/** What was opened, or why it could not be. */
export type SmallDiskOpening =
  | { readonly kind: 'open'; readonly disk: SmallDisk }
  | { readonly kind: 'left-out'; readonly reason: string };

const run = promisify(execFile);

/** Mounts one, at `at` or in a place of its own. The caller closes it, also when its test fails. */
export async function openSmallDisk(sizeMib: number, at?: string): Promise<SmallDiskOpening> {
  if (process.platform !== 'linux') return leaveOut('a tmpfs is mounted on Linux only');
  if (process.getuid?.() !== 0) return leaveOut('to mount a tmpfs needs root');
  const path = at ?? (await mkdtemp(join(tmpdir(), 'wally-disk-')));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMib}m,mode=0700`, 'tmpfs', path]);
  } catch (thrown) {
    if (at === undefined) await rmdir(path);
    return leaveOut(
      `\`mount\` failed: ${thrown instanceof Error ? thrown.message.trim() : thrown}`,
    );
  }
  return { kind: 'open', disk: describeDisk(path, at === undefined ? 'ours' : 'theirs') };
}

/** Is there a small disk to be had here? Undefined when there is, else why not. */
export async function whyNoSmallDisk(): Promise<string | undefined> {
  const opening = await openSmallDisk(1);
  if (opening.kind === 'left-out') return opening.reason;
  await opening.disk.close();
  return undefined;
}

function describeDisk(path: string, place: 'ours' | 'theirs'): SmallDisk {
  const filler = join(path, 'filler');
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    // Lazily, so that a process that dies slowly cannot keep it.
    await run('umount', ['-l', path]);
    if (place === 'ours') await rmdir(path);
  };
  return {
    path,
    fill: () => fill(filler),
    free: () => rm(filler, { force: true }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function fill(filler: string): Promise<void> {
  const handle = await open(filler, 'a', 0o600);
  try {
    const { bavail, bsize } = await statfs(filler);
    let left = bavail * bsize;
    for (let piece = 1024 * 1024; piece >= 1; piece = Math.floor(piece / 4)) {
      let written = piece;
      while (written === piece && left >= piece) {
        written = await writeSome(handle, piece);
        left -= written;
      }
    }
  } finally {
    await handle.close();
  }
}

/** How many bytes there was room for. */
async function writeSome(handle: Awaited<ReturnType<typeof open>>, bytes: number): Promise<number> {
  try {
    return (await handle.write(new Uint8Array(bytes))).bytesWritten;
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ENOSPC') return 0;
    throw thrown;
  }
}

function leaveOut(reason: string): SmallDiskOpening {
  return { kind: 'left-out', reason };
}
