/*
 * What a doctor sees of the box under a program: its limits, memory, temporary directory and language.
 *
 * Read from /proc and the environment; what a system does not say is null, and never a finding.
 * Source: proc_pid_limits(5), proc_pid_status(5), proc_meminfo(5), proc_pid_mounts(5), statfs(2).
 */
import { access, constants, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { BoxContext } from './box-context.ts';

/** The directory for temporary files. */
export interface TemporaryFact {
  readonly path: string;
  readonly is: 'usable' | 'missing' | 'unwritable';
  readonly freeBytes: number | null;
}

/** The whole snapshot. */
export interface BoxFacts {
  readonly isLive: boolean;
  readonly openFiles: { readonly soft: number; readonly hard: number } | null;
  readonly openFilesWanted: number;
  readonly umask: number | null;
  readonly memoryFreeBytes: number | null;
  readonly temporary: TemporaryFact;
  /** Mounts that hold the home or temporary files and run no programs. */
  readonly noexec: readonly string[];
  /** The locale that is asked for; empty where none is. */
  readonly locale: string;
  /** The time zone that is asked for, and is not known; empty otherwise. */
  readonly unknownZone: string;
}

/** Gathers the facts. */
export async function gatherBox(context: BoxContext): Promise<BoxFacts> {
  const { box, files, isLive, openFilesWanted } = context;
  const { env, proc, pid } = box;
  const [limits, status, memory, mounts] = await Promise.all(
    [`${pid}/limits`, `${pid}/status`, 'meminfo', `${pid}/mounts`].map((name) =>
      readFile(join(proc, name), 'latin1').catch(() => ''),
    ),
  );
  const temporary = await lookAtTemporary(env.TMPDIR || '/tmp');
  return {
    isLive,
    openFiles: readOpenFiles(limits ?? ''),
    openFilesWanted,
    umask: readNumber(/^Umask:\s+([0-7]+)$/m.exec(status ?? '')?.[1], 8),
    memoryFreeBytes: readKibibytes(/^MemAvailable:\s+(\d+) kB$/m.exec(memory ?? '')?.[1]),
    temporary,
    noexec: [files.directory, temporary.path].filter((path) => isNoexec(mounts ?? '', path)),
    locale: env.LC_ALL || env.LC_CTYPE || env.LANG || '',
    unknownZone: isZoneKnown(env.TZ) ? '' : (env.TZ ?? ''),
  };
}

function readOpenFiles(limits: string): BoxFacts['openFiles'] {
  const found = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits);
  if (found === null) return null;
  const [, soft = '', hard = ''] = found;
  const read = (word: string) => (word === 'unlimited' ? Number.POSITIVE_INFINITY : Number(word));
  return { soft: read(soft), hard: read(hard) };
}

function readNumber(text: string | undefined, base: number): number | null {
  return text === undefined ? null : Number.parseInt(text, base);
}

function readKibibytes(text: string | undefined): number | null {
  const kibibytes = readNumber(text, 10);
  return kibibytes === null ? null : kibibytes * 1024;
}

async function lookAtTemporary(path: string): Promise<TemporaryFact> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return { path, is: 'missing', freeBytes: null };
  const isWritable = await access(path, constants.W_OK | constants.X_OK).then(
    () => found.isDirectory(),
    () => false,
  );
  const room = await statfs(path).catch(() => undefined);
  const freeBytes = room === undefined ? null : room.bavail * room.bsize;
  return { path, is: isWritable ? 'usable' : 'unwritable', freeBytes };
}

/** The mount that holds a path is the one with the longest name; of two of one name the later. */
function isNoexec(mounts: string, path: string): boolean {
  let best = { at: '', options: '' };
  for (const line of mounts.split('\n')) {
    const [, raw = '', , options = ''] = line.split(' ');
    const at = raw.replace(/\\040/g, ' ');
    const holds = at === '/' || path === at || path.startsWith(`${at}/`);
    if (at !== '' && holds && at.length >= best.at.length) best = { at, options };
  }
  return best.options.split(',').includes('noexec');
}

function isZoneKnown(zone: string | undefined): boolean {
  // A name that begins so is a file or a rule of POSIX, which Node leaves to the system.
  if (zone === undefined || zone === '' || /^[:/]|\d/.test(zone)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
