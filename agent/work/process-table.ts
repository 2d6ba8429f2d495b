/*
 * What the kernel says about processes, read from /proc behind small functions.
 *
 * Only facts: nothing here decides or kills. On systems without /proc every answer is empty or
 * undefined, never a guess. A process may vanish between any two calls, so a failed read means
 * "gone" and is no error. Source: proc_pid_stat(5), proc_pid_status(5), proc_pid_environ(5).
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { procBytesMax } from './limits.ts';

/** One process. `start` is in ticks since boot; with the pid it names a process for ever. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly start: number;
  /** Ended but not yet waited for: it uses nothing and cannot be killed. */
  readonly isZombie: boolean;
  /** Processor ticks of the process itself and of every child that it has waited for. */
  readonly cpuTicks: number;
}

/** Memory of one process in bytes: now, and the most since it last called exec. */
export interface ProcessMemory {
  readonly residentBytes: number;
  readonly residentBytesPeak: number;
}

/** Every pid there is, in no order; empty without /proc. */
export function listPids(): readonly number[] {
  try {
    return readdirSync('/proc').filter(isNumeric).map(Number);
  } catch (error) {
    return absent(error, []);
  }
}

/** The process of this pid, or undefined when there is none. */
export function findProcess(pid: number): ProcessRow | undefined {
  return parseStat(readProc(`${pid}/stat`));
}

/** Every process there is. Costs about 15 µs for each, so it is for ends of work, not for loops. */
export function listProcesses(): readonly ProcessRow[] {
  return listPids().flatMap((pid) => findProcess(pid) ?? []);
}

/** Memory of a process; undefined when it is gone, a zombie or a kernel thread. */
export function findMemory(pid: number): ProcessMemory | undefined {
  const status = readProc(`${pid}/status`);
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  const now = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (peak === undefined || now === undefined) return undefined;
  return { residentBytes: Number(now) * 1024, residentBytesPeak: Number(peak) * 1024 };
}

/** Processor ticks of all children that this program has waited for, or undefined without /proc. */
export function findReapedTicks(): number | undefined {
  const fields = statFields(readProc('self/stat'));
  return fields === undefined ? undefined : Number(fields[13]) + Number(fields[14]);
}

/**
 * Was the process started with `NAME=value` in its environment? Undefined while it shows none at all: it
 * was given none, or is in the middle of exec, and then another look tells. The bytes are searched and
 * dropped: an environment holds secrets, so ask only about processes that may be ours.
 */
export async function hasEnvironment(pid: number, entry: string): Promise<boolean | undefined> {
  try {
    const bytes = await readFile(`/proc/${pid}/environ`);
    if (bytes.length === 0) return findMemory(pid) === undefined ? false : undefined;
    return bytes.indexOf(`${entry}\0`) === 0 || bytes.includes(`\0${entry}\0`);
  } catch (error) {
    return absent(error, false);
  }
}

/**
 * The attempt in the first variable that begins with `prefix` (`NAME=STORE/`), where the process carries
 * one. Ask only with a prefix that is ours; the environment's other bytes are dropped unread.
 */
export async function findMark(
  pid: number,
  prefix: string,
): Promise<{ readonly pid: number; readonly attempt: string } | undefined> {
  try {
    const bytes = await readFile(`/proc/${pid}/environ`);
    const isFirst = bytes.indexOf(prefix) === 0;
    const at = isFirst ? 0 : bytes.indexOf(`\0${prefix}`) + 1;
    if (!isFirst && at === 0) return undefined;
    const from = at + prefix.length;
    const end = bytes.indexOf(0, from);
    return { pid, attempt: bytes.toString('latin1', from, end < 0 ? bytes.length : end) };
  } catch (error) {
    return absent(error, undefined);
  }
}

/** Reads one line of /proc/PID/stat; undefined for anything else. */
export function parseStat(text: string): ProcessRow | undefined {
  const fields = statFields(text);
  if (fields === undefined) return undefined;
  const state = fields[0];
  return {
    pid: Number.parseInt(text, 10),
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    start: Number(fields[19]),
    isZombie: state === 'Z' || state === 'X',
    cpuTicks: [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0),
  };
}

/** Fields from the third on. The second, the name, may hold blanks and brackets, so it is cut at its last one. */
function statFields(text: string): readonly string[] | undefined {
  const nameEnd = text.lastIndexOf(') ');
  const fields = nameEnd < 0 ? [] : text.slice(nameEnd + 2).split(' ');
  return fields.length > 19 ? fields : undefined;
}

/** Reused by every read, which is safe as none of them waits; it makes a look at the table 2.6 times cheaper. */
const scratch = Buffer.alloc(procBytesMax);

function readProc(path: string): string {
  try {
    const file = openSync(`/proc/${path}`, 'r');
    try {
      return scratch.toString('latin1', 0, readSync(file, scratch));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return absent(error, '');
  }
}

/** A failed read says only that there is nothing to know: no /proc, the process is gone, or not ours to see. */
function absent<T>(error: unknown, nothing: T): T {
  if (error instanceof Error && 'code' in error) return nothing;
  throw error;
}

function isNumeric(name: string): boolean {
  return /^\d+$/.test(name);
}
