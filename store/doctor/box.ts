/*
 * The box as doctors ask it: its environment, and other programs run for a moment.
 *
 * A program that is asked gets no input, a bound in time and in what it says, and our environment in
 * the C locale, so that its words can be read. It never throws; what cannot be run says nothing.
 * Source: node:child_process.
 */
import { execFile } from 'node:child_process';
import { AppError } from '../../protocol/errors.ts';

/** What doctors ask. Tests give another environment, or other programs on its PATH. */
export interface Box {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whose limits are looked at: this process. */
  readonly pid: number;
  /** Where the kernel says what it knows; it may not be there. */
  readonly proc: string;
  /** Runs a program to its end; undefined where there is none of this name, and where it was too slow. */
  run(command: readonly [string, ...string[]], msMax: number): Promise<CommandEnd | undefined>;
}

/** A program that ran to its end. */
export interface CommandEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs what a fix consists of. Errors: FIX_FAILED with what the program said. */
export async function runFix(box: Box, command: readonly [string, ...string[]]): Promise<void> {
  const end = await box.run(command, fixMsMax);
  if (end?.code === 0) return;
  const said = end?.stderr.trim() || `${command[0]} cannot be run here, or did not answer.`;
  throw new AppError('FIX_FAILED', said);
}

/** A program that mends something answers within this time; it changes a setting. */
const fixMsMax = 10_000;

/** Bytes of output of one program: a version, a status, a short list. */
const outputBytesMax = 256 * 1024;

/** The box of a process with this environment. */
export function openBox(env: Box['env']): Box {
  return {
    env,
    pid: process.pid,
    proc: '/proc',
    run: ([file, ...args], msMax) =>
      new Promise((resolve) => {
        const options = {
          env: { ...env, LC_ALL: 'C' },
          timeout: msMax,
          killSignal: 'SIGKILL',
          maxBuffer: outputBytesMax,
          cwd: '/',
        } as const;
        const child = execFile(file, args, options, (error, stdout, stderr) => {
          if (error === null) resolve({ code: 0, stdout, stderr });
          else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
          else resolve(undefined);
        });
        child.on('error', () => resolve(undefined));
        child.stdin?.on('error', () => undefined);
        child.stdin?.end();
      }),
  };
}
