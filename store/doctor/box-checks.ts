/*
 * The checks of the box under a program: does it let the program work, and its work too?
 *
 * The same for hub and agent. A fix changes this process, within what the system allows it, or makes a
 * directory that is missing; it never changes the system's own settings.
 */
import { mkdir } from 'node:fs/promises';
import { type Check, listOne } from '../../protocol/doctor.ts';
import { defineSection, type Section } from '../../protocol/doctor-sections.ts';
import { runFix } from './box.ts';
import type { BoxContext } from './box-context.ts';
import { type BoxFacts, gatherBox } from './box-facts.ts';
import { memoryFreeBytesMin, temporaryFreeBytesMin } from './limits.ts';

type BoxCheck = Check<BoxFacts, BoxContext>;

const openFiles: BoxCheck = {
  id: 'open-files-low',
  title: 'the program may open as many files as it needs',
  why: 'At the limit links, logs and the store fail, one after the other and for no visible reason.',
  area: 'box',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ openFiles: found, openFilesWanted, isLive }) =>
    listOne(
      isLive && found !== null && found.soft < openFilesWanted
        ? {
            subject: 'open files',
            seen: `It may open ${found.soft} files at once (the hard limit is ${found.hard}).`,
            wanted: `${openFilesWanted} or more.`,
            advice: 'Raise it: LimitNOFILE of the service, or `ulimit -n` before the start.',
          }
        : undefined,
    ),
  fix: {
    reach: 'anywhere',
    plan: () => 'raises the limit of the process that runs, as far as the system allows',
    apply: raiseOpenFiles,
  },
};

async function raiseOpenFiles(context: BoxContext): Promise<void> {
  const { box, openFilesWanted } = context;
  const { openFiles: found } = await gatherBox(context);
  const hard = Math.max(found?.hard ?? 0, openFilesWanted);
  const limit = Number.isFinite(hard) ? hard : 'unlimited';
  await runFix(box, ['prlimit', `--pid=${box.pid}`, `--nofile=${limit}:${limit}`]);
}

const umask: BoxCheck = {
  id: 'umask-open',
  title: 'what the program and its work write is not for everybody to change',
  why: 'With this umask every file that work makes can be changed by every user of the box.',
  area: 'trust',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ umask: found, isLive }) =>
    listOne(
      isLive && found !== null && (found & 0o002) === 0
        ? {
            subject: 'umask',
            seen: `The umask is ${found.toString(8).padStart(4, '0')}.`,
            wanted: '0022, or stricter.',
            advice: 'Set it where the program is started: UMask of the service, or `umask 022`.',
          }
        : undefined,
    ),
  fix: {
    reach: 'anywhere',
    plan: () => 'sets the umask of the process that runs to 0022',
    apply: async () => {
      process.umask(0o022);
    },
  },
};

const memory: BoxCheck = {
  id: 'memory-low',
  title: 'the box has memory left',
  why: 'The system ends processes when there is none, and often the wrong ones.',
  area: 'box',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ memoryFreeBytes: free }) =>
    listOne(
      free !== null && free < memoryFreeBytesMin
        ? {
            subject: 'memory',
            seen: `${mebibytes(free)} of memory are left.`,
            wanted: `${mebibytes(memoryFreeBytesMin)} or more.`,
            advice:
              'End what is not needed, or let fewer jobs run at once (`slots` in config.toml).',
          }
        : undefined,
    ),
};

const temporaryMissing: BoxCheck = {
  id: 'temp-missing',
  title: 'the directory for temporary files is there',
  why: 'Many programs fail without it, and say something else.',
  area: 'box',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ temporary: { path, is } }) =>
    listOne(
      is === 'missing'
        ? {
            subject: path,
            seen: `${path} is not there.`,
            wanted: 'A directory that can be written.',
            advice: 'Make it, or set TMPDIR to another one.',
          }
        : undefined,
    ),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `makes ${subject}, for this user alone`,
    apply: async (_context, { subject }) => {
      await mkdir(subject, { recursive: true, mode: 0o700 });
    },
  },
};

const temporaryFull: BoxCheck = {
  id: 'temp-unusable',
  title: 'temporary files can be written',
  why: 'Many programs fail without them, and say something else.',
  area: 'box',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ temporary: { path, is, freeBytes } }) => {
    const wanted = `A directory that can be written, with ${mebibytes(temporaryFreeBytesMin)} or more.`;
    const advice = 'Make room there, or set TMPDIR to another directory.';
    if (is === 'unwritable') {
      return [{ subject: path, seen: `${path} cannot be written.`, wanted, advice }];
    }
    if (freeBytes === null || freeBytes >= temporaryFreeBytesMin) return [];
    return [
      { subject: path, seen: `${mebibytes(freeBytes)} are free in ${path}.`, wanted, advice },
    ];
  },
};

const noexec: BoxCheck = {
  id: 'mount-noexec',
  title: 'programs may run from the home and from the temporary directory',
  why: 'Work that builds a program or unpacks a tool there cannot run it.',
  area: 'box',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ noexec: paths }) =>
    paths.map((path) => ({
      subject: path,
      seen: `${path} is on a file system that is mounted noexec.`,
      wanted: 'One that runs programs.',
      advice: 'Put the home elsewhere (ODALLY_HOME), or set TMPDIR to another directory.',
    })),
};

const locale: BoxCheck = {
  id: 'locale-not-utf8',
  title: 'the locale is one with UTF-8',
  why: 'Work in another one writes names and output that come out as rubbish.',
  area: 'box',
  severity: 'warning',
  cost: 'free',
  diagnose: ({ locale: found }) =>
    listOne(
      /\.(?!utf-?8)/i.test(found)
        ? {
            subject: 'locale',
            seen: `The locale is ${found}.`,
            wanted: 'One with UTF-8, such as C.UTF-8.',
            advice: 'Set LANG or LC_ALL where the program is started.',
          }
        : undefined,
    ),
};

const zone: BoxCheck = {
  id: 'timezone-unknown',
  title: 'the time zone that is asked for is known',
  why: 'Times are shown in UTC instead, and look wrong by hours.',
  area: 'box',
  severity: 'warning',
  cost: 'free',
  diagnose: ({ unknownZone }) =>
    listOne(
      unknownZone === ''
        ? undefined
        : {
            subject: 'TZ',
            seen: `TZ is ${unknownZone}, which nobody knows here.`,
            wanted: 'A name such as Europe/Berlin, or none.',
            advice: 'Correct TZ, or install the system’s time zones (tzdata).',
          },
    ),
};

/** The box; nothing that has to be asked of other programs. */
export const boxSection: Section<BoxContext> = defineSection({
  name: 'box',
  pace: 'quick',
  gather: gatherBox,
  checks: [temporaryMissing, temporaryFull, openFiles, memory, umask, noexec, locale, zone],
});

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`;
}
