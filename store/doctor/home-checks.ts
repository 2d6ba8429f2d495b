/*
 * The checks of a home: may others look in, can it be read, is there room, what did the dead leave.
 *
 * The same for hub and agent. Diagnoses are functions of the facts; fixes change modes, move aside what
 * stands in the way, and remove what nobody can need; never a store, a log or a key.
 */
import { chmod, lstat, unlink } from 'node:fs/promises';
import type { Check, Evidence } from '../../protocol/doctor.ts';
import { removeLeftovers } from '../salvage/leftovers.ts';
import type { HomeFacts } from './home-facts.ts';
import { glibcArm64Min, glibcMin, nodeMajorMin } from './limits.ts';
import { moveAside } from './move-aside.ts';

/** What these fixes need besides the disk: to know that nobody is behind a socket, and when it is. */
export interface HomeWorld {
  readonly isAnswered: (path: string) => Promise<boolean>;
  /** Wall milliseconds at the beginning of the round. */
  readonly nowMs: number;
}

/** A check of a home. */
export type HomeCheck = Check<{ readonly home: HomeFacts }, HomeWorld>;

const modes: HomeCheck = {
  id: 'home-modes',
  title: 'only you can look into the home and its key',
  why: 'Whoever reads the key can be this program to every peer; the socket obeys whoever reaches it.',
  area: 'home',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ home }) =>
    home.modes
      .filter(({ mode, wanted }) => (mode & ~wanted) !== 0)
      .map(({ path, mode, wanted }) => ({
        subject: path,
        seen: `${path} has mode ${octal(mode)}.`,
        wanted: `${octal(wanted)}.`,
        advice: `Run \`chmod ${octal(wanted)}\` on it.`,
      })),
  fix: {
    reach: 'anywhere',
    plan: ({ subject, wanted }) => `gives ${subject} mode ${wanted}`,
    apply: async (_world, { subject }) => {
      const found = await lstat(subject);
      if (!found.isSymbolicLink()) await chmod(subject, found.isDirectory() ? 0o700 : 0o600);
    },
  },
};

const config: HomeCheck = {
  id: 'config-unreadable',
  title: 'the config can be read',
  why: 'With a config that cannot be read the program does not start.',
  area: 'home',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ home }) =>
    home.configFault === null
      ? []
      : [
          {
            subject: home.configPath,
            seen: home.configFault,
            wanted: 'A config.toml that can be read, or none.',
            advice: 'Correct the line that is named, or move the file away.',
          },
        ],
  fix: {
    // What a box allows is said in its config; without it the defaults hold, so its owner decides.
    reach: 'here',
    plan: ({ subject }) => `moves ${subject} aside; the program then starts with its defaults`,
    apply: async ({ nowMs }, { subject }) => {
      await moveAside(subject, nowMs);
    },
  },
};

const staleSocket: HomeCheck = {
  id: 'socket-stale',
  title: 'the control socket belongs to a living process',
  why: 'A socket that a dead process left confuses whoever looks, until the next start replaces it.',
  area: 'home',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ home: { socket, socketPath } }) =>
    socket !== 'stale'
      ? []
      : [
          {
            subject: socketPath,
            seen: `Nobody answers at ${socketPath}: its process was killed.`,
            wanted: 'No socket, or one that is answered.',
            advice: 'Start the program again.',
          },
        ],
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `removes ${subject}`,
    apply: async (world, { subject }) => {
      if (await world.isAnswered(subject)) return;
      if ((await lstat(subject)).isSocket()) await unlink(subject);
    },
  },
};

const foreignSocket: HomeCheck = {
  id: 'socket-foreign',
  title: 'nothing else lies in the place of the control socket',
  why: 'The program does not start, and does not remove what may be somebody’s.',
  area: 'home',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ home: { socket, socketPath } }) =>
    socket !== 'foreign'
      ? []
      : [
          {
            subject: socketPath,
            seen: `${socketPath} is not a socket.`,
            wanted: 'Nothing there, or a socket.',
            advice: 'Move that file away.',
          },
        ],
  fix: {
    reach: 'here',
    plan: ({ subject }) => `moves ${subject} aside`,
    apply: async ({ nowMs }, { subject }) => {
      if (!(await lstat(subject)).isSocket()) await moveAside(subject, nowMs);
    },
  },
};

const asides: HomeCheck = {
  id: 'home-leftovers',
  title: 'no half-written files lie about',
  why: 'What a process that was killed left half done is never read again, and some of it holds a key.',
  area: 'home',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ home }) =>
    home.asides.map((path) => ({
      subject: path,
      seen: `${path} was begun by a process that was killed.`,
      wanted: 'Nothing that is half done.',
      advice: 'It is safe to remove.',
    })),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `removes ${subject}`,
    apply: (_world, { subject }) => removeLeftovers([subject]),
  },
};

const disk: HomeCheck = {
  id: 'disk-low',
  title: 'the disk of the home has room',
  why: 'On a full disk new work is refused, and a store that cannot write must be opened again.',
  area: 'box',
  severity: 'error',
  cost: 'free',
  diagnose: ({ home: { room, directory } }) =>
    room === null || room.freeBytes >= room.watermarkBytes
      ? []
      : [
          {
            subject: 'disk',
            seen: `${mebibytes(room.freeBytes)} are free on the disk of ${directory}.`,
            wanted: `${mebibytes(room.watermarkBytes)} or more.`,
            advice: 'Make room on that disk.',
          },
        ],
};

const ballast: HomeCheck = {
  id: 'ballast-missing',
  title: 'the room that is kept for outcomes is there',
  why: 'It was given up to a full disk; until it is back, the next full disk may stop outcomes.',
  area: 'box',
  severity: 'warning',
  cost: 'free',
  diagnose: ({ home: { room } }) =>
    room?.ballast !== 'released'
      ? []
      : [
          {
            subject: 'ballast',
            seen: 'The ballast was given up and is not back.',
            wanted: 'The ballast.',
            advice: 'Make room on the disk; it comes back by itself.',
          },
        ],
};

const store: HomeCheck = {
  id: 'store-damaged',
  title: 'the store opens and answers',
  why: 'Everything that was promised lies in the store.',
  area: 'store',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ home }) =>
    home.store.is !== 'failed'
      ? []
      : [
          {
            subject: 'store',
            seen: `${home.store.message} (${home.store.code})`,
            wanted: 'A store that can be read.',
            advice: adviseOnStore(home.store),
          },
        ],
};

function adviseOnStore({ code, message }: { readonly code: string; readonly message: string }) {
  if (code === 'RESTORE_FAILED')
    return 'Start the program again, or repair the home: either goes on where it stopped.';
  if (code === 'STORE_MISSING')
    return 'Put it back, or `wally restore FILE`; `wally repair` puts aside what belonged to it, and begins anew.';
  if (/no space left|ENOSPC/i.test(message))
    return 'Make room on its disk first: nothing else may be wrong with it.';
  return /read-only file system|EROFS|permission denied|EACCES/i.test(message)
    ? 'Make it writable first, for nothing else may be wrong with it: a disk with faults is often mounted read-only.'
    : 'Keep the directory as it is; `wally repair`, on a box `odally repair`, reads what can be read.';
}

const locked: HomeCheck = {
  id: 'store-locked',
  title: 'whoever owns the store answers',
  why: 'A store has one owner; while a process that does not answer owns it, nothing else can start.',
  area: 'store',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ home: { store: found, socketPath } }) => {
    if (found.is !== 'locked') return [];
    const who = found.owner === null ? 'A process' : `Process ${found.owner}`;
    return [
      {
        subject: 'store',
        seen: `${who} owns the store, and nobody answers at ${socketPath}.`,
        wanted: 'An owner that answers, or none.',
        // What hangs may hold work; only a person can say that it may go.
        advice: `See what it does; if it hangs, end it: \`kill ${found.owner ?? 'PID'}\`.`,
      },
    ];
  },
};

const newer: HomeCheck = {
  id: 'store-newer',
  title: 'the store is of a format that this version knows',
  why: 'A newer version has written it; this one leaves it as it is, and does not start.',
  area: 'store',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ home: { store: found } }) =>
    found.is !== 'newer'
      ? []
      : [
          {
            subject: 'store',
            seen: found.message,
            wanted: 'A store of this version, or an older one.',
            advice:
              'Run the newer version again; or put the copy that it made in the store’s place.',
          },
        ],
};

const foreignStore: HomeCheck = {
  id: 'store-foreign',
  title: 'who looks is the user whose home it is',
  why: 'Opening a store makes files in it, and what root makes the program of that user cannot use.',
  area: 'store',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ home: { store: found } }) =>
    found.is !== 'foreign'
      ? []
      : [
          {
            subject: 'store',
            seen: `${found.message} Its store was not opened.`,
            wanted: 'That user.',
            advice: 'Ask the doctor again as that user.',
          },
        ],
};

const runtime: HomeCheck = {
  id: 'runtime-old',
  title: 'Node and the C library are new enough',
  why: 'Older ones do not load the native parts, or load them and fail later.',
  area: 'box',
  severity: 'error',
  cost: 'free',
  diagnose: ({ home: { runtime: found } }) => {
    const evidence: Evidence[] = [];
    const wanted = found.arch === 'arm64' ? glibcArm64Min : glibcMin;
    const advice = 'Run it with the Node that comes with the install, on a newer system.';
    if (Number.parseInt(found.node, 10) < nodeMajorMin) {
      const seen = `This is Node ${found.node}.`;
      evidence.push({ subject: 'node', seen, wanted: `Node ${nodeMajorMin} or newer.`, advice });
    }
    if (found.glibc !== null && isOlder(found.glibc, wanted)) {
      const seen = `The C library is glibc ${found.glibc}.`;
      evidence.push({ subject: 'glibc', seen, wanted: `glibc ${wanted} or newer.`, advice });
    }
    return evidence;
  },
};

/** In the order in which they are shown. */
export const homeChecks: readonly HomeCheck[] = [
  modes,
  config,
  staleSocket,
  foreignSocket,
  asides,
  store,
  locked,
  newer,
  foreignStore,
  disk,
  ballast,
  runtime,
];

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`;
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [majorMin = 0, minorMin = 0] = than.split('.').map(Number);
  return major < majorMin || (major === majorMin && minor < minorMin);
}
