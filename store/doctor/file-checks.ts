/*
 * The checks of the files of a home: whose they are, what they hold, how large they have grown.
 *
 * The same for hub and agent. Fixes give files back to their owner, move aside what stands in a folder's
 * place, and keep the end of a log that has grown too long. No key and no archive is ever touched.
 */
import { chmod, chown, lstat, open, rename, rm, writeFile } from 'node:fs/promises';
import { type Check, listOne } from '../../protocol/doctor.ts';
import { defineSection, type Section } from '../../protocol/doctor-sections.ts';
import { isDiskFull } from '../disk-guard.ts';
import type { BoxContext } from './box-context.ts';
import { type FileFacts, findUser, gatherFiles } from './file-facts.ts';
import { archiveBytesMax, logKeptBytes, programLogBytesMax, socketPathBytesMax } from './limits.ts';
import { moveAside } from './move-aside.ts';

type FileCheck = Check<FileFacts, BoxContext>;

const owner: FileCheck = {
  id: 'home-owner',
  title: 'everything in the home belongs to who runs it',
  why: 'What another user owns cannot be written, or can be changed by them.',
  area: 'home',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ foreign, user }) =>
    foreign.map(({ path, owner: found }) => ({
      subject: path,
      seen: `${path} belongs to user ${found}; the home is user ${user}’s.`,
      wanted: `User ${user}.`,
      advice: 'Run the program as one user only; give the files back with `chown`.',
    })),
  fix: {
    reach: 'here',
    plan: ({ subject, wanted }) => `gives ${subject} to ${wanted.toLowerCase().replace('.', '')}`,
    apply: async ({ files }, { subject }) => {
      const found = await lstat(subject);
      const user = await findUser(files.directory);
      if (!found.isSymbolicLink() && user !== null) await chown(subject, user, found.gid);
    },
  },
};

const writable: FileCheck = {
  id: 'config-writable',
  title: 'only its owner can change what the program is told to do',
  why: 'Whoever writes these files decides whom this box obeys.',
  area: 'trust',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ writable: paths }) =>
    paths.map((path) => ({
      subject: path,
      seen: `Every user of the box may write ${path}.`,
      wanted: 'Its owner alone.',
      advice: 'Run `chmod go-w` on it, and read what it says now.',
    })),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `takes the right to write ${subject} from everybody else`,
    apply: async (_context, { subject }) => {
      const found = await lstat(subject);
      if (found.isFile()) await chmod(subject, found.mode & 0o755);
    },
  },
};

const noFolders: FileCheck = {
  id: 'folder-foreign',
  title: 'nothing else lies in the place of a folder',
  why: 'The program does not start, or cannot keep what it is given.',
  area: 'home',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ noFolders: paths }) =>
    paths.map((path) => ({
      subject: path,
      seen: `${path} is not a folder.`,
      wanted: 'A folder, or nothing.',
      advice: 'Move that file away.',
    })),
  fix: {
    reach: 'here',
    plan: ({ subject }) => `moves ${subject} aside`,
    apply: async ({ nowMs }, { subject }) => {
      if (!(await lstat(subject)).isDirectory()) await moveAside(subject, nowMs);
    },
  },
};

const log: FileCheck = {
  id: 'program-log-large',
  title: 'what the program says of itself does not fill the disk',
  why: 'Nobody reads so much, and the disk is for jobs.',
  area: 'logs',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ log: { path, bytes } }) =>
    listOne(
      bytes > programLogBytesMax
        ? {
            subject: path,
            seen: `${path} has ${mebibytes(bytes)}.`,
            wanted: `${mebibytes(programLogBytesMax)}, or less.`,
            advice: 'Look at what it says so often; then it can be cut.',
          }
        : undefined,
    ),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) =>
      `keeps the last ${mebibytes(logKeptBytes)} in ${subject}.old, or in it on a full disk, and drops the rest`,
    apply: (_context, { subject }) => keepTail(subject),
  },
};

/** The program goes on writing at the end of the same file, which it holds open for appending. */
async function keepTail(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const length = Math.min(size, logKeptBytes);
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(length),
      position: size - length,
    });
    const tail = buffer.subarray(0, bytesRead);
    const isAside = await putAside(path, tail);
    if (!isAside) await file.write(tail, 0, tail.length, 0);
    await file.truncate(isAside ? 0 : tail.length);
  } finally {
    await file.close();
  }
}

/** False where the disk has no room for that, as it may for this very log; then its end takes the place of its beginning. */
async function putAside(path: string, tail: Uint8Array): Promise<boolean> {
  const aside = `${path}.old.new`;
  try {
    await writeFile(aside, tail, { mode: 0o600 });
    await rename(aside, `${path}.old`);
    return true;
  } catch (thrown) {
    await rm(aside, { force: true });
    if (!isDiskFull(thrown)) throw thrown;
    return false;
  }
}

const archive: FileCheck = {
  id: 'archive-large',
  title: 'the archive has not grown out of hand',
  why: 'What is old is kept there for ever, until somebody moves it away.',
  area: 'store',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ archive: { path, bytes } }) =>
    listOne(
      bytes > archiveBytesMax
        ? {
            subject: path,
            seen: `${path} holds ${mebibytes(bytes)}.`,
            wanted: `${mebibytes(archiveBytesMax)}, or less.`,
            advice: 'Move the oldest months elsewhere, or delete them; nothing needs them.',
          }
        : undefined,
    ),
};

const socketLong: FileCheck = {
  id: 'socket-long',
  title: 'the path of the control socket is short enough',
  why: 'Longer ones are refused by the system, and the program does not start.',
  area: 'home',
  severity: 'error',
  cost: 'free',
  diagnose: ({ socket }) =>
    listOne(
      Buffer.byteLength(socket) > socketPathBytesMax
        ? {
            subject: socket,
            seen: `${socket} has ${Buffer.byteLength(socket)} bytes.`,
            wanted: `${socketPathBytesMax} or less.`,
            advice: 'Put the home in a place with a shorter path.',
          }
        : undefined,
    ),
};

const key: FileCheck = {
  id: 'key-damaged',
  title: 'the key can be read',
  why: 'Without it nobody believes that this is the same program as before.',
  area: 'trust',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ damagedKey }) =>
    listOne(
      damagedKey === null
        ? undefined
        : {
            subject: damagedKey,
            seen: `${damagedKey} does not hold a key.`,
            wanted: '64 hexadecimal digits.',
            advice: 'Restore it from a backup; without one, move it away and pair everything anew.',
          },
    ),
};

/** The files of a home. */
export const fileSection: Section<BoxContext> = defineSection({
  name: 'files',
  pace: 'quick',
  gather: gatherFiles,
  checks: [owner, writable, noFolders, key, socketLong, log, archive],
});

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`;
}
