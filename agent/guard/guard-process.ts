/*
 * A guard as its agent sees it: one detached process with a pipe each way.
 *
 * It is in a session of its own, so that what ends the agent does not end it, and holds nothing of the
 * agent's open: no terminal, no log file, no socket. Its environment is empty but for the home that it
 * belongs to and the mark of a job that this agent itself may be part of. Whether a guard is needed is decided by `guard-leases`.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { LeaseInstant } from '../../protocol/machines/renewal.ts';
import { type Environment, markVariable } from '../work/environment.ts';
import { dropNotes, type GuardNote, readNotes } from './guard-notes.ts';
import { type GuardTable, LineCutter, readWord, writeLine } from './guard-words.ts';
import { guardHeapMib } from './limits.ts';

/** What is heard of a guard. */
export interface GuardListener {
  /** It lives, and this moment is now by its clocks. */
  tick(at: LeaseInstant): void;
  /** The lease of this mark ran out by its clocks, and it ends the work. */
  ended(mark: string): void;
  /** It ended or could not be started; told once, and nothing after it. */
  gone(why: string): void;
}

/** A guard that was started. */
export interface GuardHandle {
  /** Undefined where it could not be started. */
  readonly pid: number | undefined;
  /**
   * States all leases; resolves once the system holds what was said, so that it is read even if we die
   * now. False where the guard does not read: then it was not said.
   */
  state(table: GuardTable): Promise<boolean>;
  /** Lets it go: it ends when nothing is held. */
  close(): void;
  /** Ends it at once, also where it is stopped. */
  kill(): void;
}

/** How an agent comes by guards, and by what they left. */
export interface GuardSource {
  open(listener: GuardListener): GuardHandle;
  /** What guards did while no agent lived. */
  readNotes(): ReadonlyMap<string, GuardNote>;
  dropNotes(): void;
  /** From TERM to KILL, as the workshop has it. */
  readonly graceMs: number;
}

/** What the real source needs. */
export interface GuardSourceParts {
  /** The guard's program. */
  readonly script: string;
  /** The Node that runs it. */
  readonly node: string;
  /** Where its notes lie. */
  readonly directory: string;
  /** The agent's home, by which people and tools see whose guard it is. */
  readonly home: string;
  readonly graceMs: number;
  /** The agent's own environment. */
  readonly env: Environment;
}

/** Guards as processes of this box. */
export function openGuards(parts: GuardSourceParts): GuardSource {
  const { directory, graceMs } = parts;
  return {
    open: (listener) => startGuard(parts, listener),
    readNotes: () => readNotes(directory),
    dropNotes: () => dropNotes(directory),
    graceMs,
  };
}

function startGuard(parts: GuardSourceParts, listener: GuardListener): GuardHandle {
  const { script, node, directory, home, graceMs, env } = parts;
  const outer = env[markVariable];
  const heap = [`--max-old-space-size=${guardHeapMib}`, '--max-semi-space-size=1'];
  let child: ChildProcessByStdio<Writable, Readable, null>;
  try {
    child = spawn(node, [...heap, script, directory, String(graceMs)], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ODALLY_HOME: home, ...(outer === undefined ? {} : { [markVariable]: outer }) },
      cwd: '/',
    });
  } catch (thrown) {
    // For want of memory it is thrown, where other failures are told.
    queueMicrotask(() => listener.gone(thrown instanceof Error ? thrown.message : String(thrown)));
    return noGuard;
  }
  let isGone = false;
  const goneBy = (why: string) => {
    if (isGone) return;
    isGone = true;
    listener.gone(why);
  };
  child.once('error', ({ message }) => goneBy(message));
  // Without a process, for want of a descriptor, it has no streams either; `error` is still to come.
  if (child.pid === undefined) return noGuard;
  child.once('exit', (code, signal) => goneBy(signal ?? `status ${code}`));
  // Its end is told by `exit`; a write that comes too late is nothing more than that.
  child.stdin.on('error', () => undefined);
  hear(child.stdout, (line) => {
    const word = isGone ? undefined : readWord(line);
    if (word?.t === 'tick') listener.tick(word);
    else if (word?.t === 'ended') listener.ended(word.mark);
  });
  child.unref();
  return {
    pid: child.pid,
    state: (table) =>
      new Promise((resolve) => {
        if (isGone || child.stdin.writableNeedDrain) return resolve(false);
        child.stdin.write(writeLine(table), (error) =>
          resolve(error === null || error === undefined),
        );
      }),
    close: () => child.stdin.end(),
    kill: () => void child.kill('SIGKILL'),
  };
}

/** One that could not be started. */
const noGuard: GuardHandle = {
  pid: undefined,
  state: () => Promise.resolve(false),
  close: () => undefined,
  kill: () => undefined,
};

function hear(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  const lines = new LineCutter();
  stream.on('error', () => undefined);
  stream.setEncoding('utf8').on('data', (text: string) => {
    for (const line of lines.push(text)) take(line);
  });
}
