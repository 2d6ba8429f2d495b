/*
 * The checks of the disk under a home that have to be tried: can it be written, and does it keep its word soon?
 *
 * A small file is written and synced a few times and removed again; the fastest time counts, so that
 * a box that is merely busy is not blamed. Source: fsync(2), statfs(2); reliability facts on sync.
 */
import { open, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Check, listOne } from '../../protocol/doctor.ts';
import { defineSection, type Section, wordsOf } from '../../protocol/doctor-sections.ts';
import type { BoxContext } from './box-context.ts';
import { inodesFreeMin, probeBytes, probeCount, syncMsMax } from './limits.ts';

/** What was tried. */
export interface DiskFacts {
  readonly directory: string;
  /** Why nothing could be written; null where it could. */
  readonly fault: string | null;
  /** The fastest sync. */
  readonly syncMs: number | null;
  /** Files that may still be made; null where the file system does not count them. */
  readonly inodesFree: number | null;
}

type DiskCheck = Check<DiskFacts, BoxContext>;

/** Also said of a home whose disk answers nothing. */
export const unwritable: DiskCheck = {
  id: 'home-unwritable',
  title: 'the home can be written',
  why: 'Nothing can be promised where nothing can be kept.',
  area: 'home',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ directory, fault }) =>
    listOne(
      fault === null
        ? undefined
        : {
            subject: directory,
            seen: `A file could not be written in ${directory}: ${fault}`,
            wanted: 'A directory that can be written.',
            advice:
              'Look at its owner, its mode, its room, whether it is mounted read-only, and whether the disk or its server is there.',
          },
    ),
};

const slow: DiskCheck = {
  id: 'disk-slow',
  title: 'the disk keeps what it is given within a moment',
  why: 'Every promise waits for the disk; so does everybody who waits for a promise.',
  area: 'box',
  severity: 'warning',
  cost: 'walks',
  diagnose: ({ directory, syncMs }) =>
    listOne(
      syncMs !== null && syncMs > syncMsMax
        ? {
            subject: directory,
            seen: `Of ${probeCount} small syncs in ${directory} the fastest took ${Math.round(syncMs)} ms.`,
            wanted: `${syncMsMax} ms, or less.`,
            advice: 'Put the home on a local disk; look for what else keeps this one busy.',
          }
        : undefined,
    ),
};

const inodes: DiskCheck = {
  id: 'inodes-low',
  title: 'the file system can hold more files',
  why: 'Without inodes a disk is full although it has room; every job makes some files.',
  area: 'box',
  severity: 'error',
  cost: 'free',
  diagnose: ({ directory, inodesFree }) =>
    listOne(
      inodesFree !== null && inodesFree < inodesFreeMin
        ? {
            subject: directory,
            seen: `${inodesFree} more files can be made on the disk of ${directory}.`,
            wanted: `${inodesFreeMin} or more.`,
            advice: 'Remove what is many and small there: caches, old checkouts, mail.',
          }
        : undefined,
    ),
};

/** The disk. */
export const diskSection: Section<BoxContext> = defineSection({
  name: 'disk',
  pace: 'slow',
  gather: gatherDisk,
  checks: [unwritable, inodes, slow],
});

async function gatherDisk({ files, box, ports }: BoxContext): Promise<DiskFacts> {
  const { directory } = files;
  const room = await statfs(directory).catch(() => undefined);
  // A home that was never made is no fault, and file systems without inodes count none at all.
  if (room === undefined) return { directory, fault: null, syncMs: null, inodesFree: null };
  const inodesFree = room.files === 0 ? null : room.ffree;
  const path = join(directory, `.probe-${box.pid}`);
  try {
    let syncMs = Number.POSITIVE_INFINITY;
    for (let count = 0; count < probeCount; count += 1) {
      const since = ports.clock.monotonicMs();
      await writeSynced(path);
      syncMs = Math.min(syncMs, ports.clock.monotonicMs() - since);
    }
    return { directory, fault: null, syncMs, inodesFree };
  } catch (thrown) {
    return { directory, fault: wordsOf(thrown), syncMs: null, inodesFree };
  } finally {
    await unlink(path).catch(() => undefined);
  }
}

async function writeSynced(path: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.write(Buffer.alloc(probeBytes));
    await file.sync();
  } finally {
    await file.close();
  }
}
