/*
 * Asking git: one run of the program that is on the box, to its end.
 *
 * Arguments are given as they are, no shell is in between, nothing is asked back, and the environment is
 * the one given and no more. A run has an end in any case. It decides nothing. Invariant: git looks for
 * a repository at the place named and never above `ceiling`, so that a directory which is none
 * is not taken for a part of one that lies around it.
 */
import { execFile } from 'node:child_process';
import type { Environment } from './environment.ts';
import { gitMsMax, gitOutputBytesMax } from './limits.ts';

/** Where git is asked, and in what environment. */
export interface GitScene {
  /** Directory that it starts in. */
  readonly at: string;
  readonly env: Environment;
  /** It looks for a repository below this directory only. */
  readonly ceiling?: string;
}

/** What it said, and whether it did what it was asked to. */
export interface GitAnswer {
  readonly isDone: boolean;
  readonly stdout: string;
  /** The last line of what it complained about, else why it could not be asked. */
  readonly complaint: string;
}

/** Runs git once; resolves in any case. */
export function askGit(
  { at, env, ceiling }: GitScene,
  args: readonly string[],
): Promise<GitAnswer> {
  const own = {
    ...env,
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    ...(ceiling === undefined ? {} : { GIT_CEILING_DIRECTORIES: ceiling }),
  };
  // Not started in that directory: a spawn waits for that, and with it all of this process where it never answers.
  const options = { cwd: '/', env: own, timeout: gitMsMax, maxBuffer: gitOutputBytesMax };
  return new Promise<GitAnswer>((resolve) => {
    execFile('git', ['-C', at, ...args], options, (error, stdout, stderr) => {
      const lines = stderr.trim().split('\n');
      const said = lines.at(-1) ?? '';
      const complaint = error === null ? '' : said === '' ? explain(error) : said;
      resolve({ isDone: error === null, stdout, complaint });
    });
    // For want of memory it is thrown, where other failures are told.
  }).catch(({ message }: Error) => ({ isDone: false, stdout: '', complaint: message }));
}

function explain(error: Error & { code?: unknown; killed?: boolean }): string {
  if (error.code === 'ENOENT') return 'there is no git on this box';
  return error.killed === true ? 'git took too long' : `git ended with ${String(error.code)}`;
}
