/*
 * Is there a directory of this name, and may it be entered, or a program? Asked by a process of its own, which can be left behind.
 *
 * On a network file system whose server is gone a look never returns. Done by this process it would hold one of the four
 * threads that its files and its store share, and the fourth such look would stop the agent; so a shell looks, and is
 * given up when it takes too long. What hangs in the kernel can't be killed: such shells are counted, and beyond a cap
 * nobody looks any more until one of them has ended. It decides nothing and never rejects. Source: POSIX `cd -P`.
 */
import { execFile } from 'node:child_process';
import type { Timers } from '../../protocol/ports.ts';
import { directoryLookBytesMax, directoryLookMsMax, directoryLooksStuckMax } from './limits.ts';

/**
 * What is there. `real`: with all links resolved; `isInTree`: it or one above it has a `.git`. `closed`: it may not be
 * entered; `other`: no directory; `unseen`: nobody can tell, and why.
 */
export type DirectoryLook =
  | { readonly is: 'directory'; readonly real: string; readonly isInTree: boolean }
  | { readonly is: 'closed' | 'other' | 'missing' }
  | { readonly is: 'unseen'; readonly why: string };

/** Is one of these files a program? `unseen`: nobody can tell, and why. */
export type ProgramLook = { readonly is: 'there' | 'missing' } | Unseen;

/** Opened too: its attributes may be known here when its bytes are not to be had any more. */
const programScript = `
for file do
  [ -f "$file" ] && [ -x "$file" ] || continue
  { :; } 2>/dev/null <"$file"
  printf there
  exit 0
done
printf missing`;

/** Nothing in it starts another program. `PWD` is what getcwd says, whatever letters are in it. */
const script = `
if cd -P "$1" 2>/dev/null; then
  printf 'directory\\0%s\\0' "$PWD"
  at=$PWD
  until [ -e "$at/.git" ]; do
    [ "$at" ] || exit 0
    at=\${at%/*}
  done
  printf tree
elif [ -d "$1" ]; then printf closed
elif [ -e "$1" ]; then printf other
else printf missing
fi`;

type Unseen = Extract<DirectoryLook, { is: 'unseen' }>;

const mute = 'the shell said nothing';

/** One look that was begun, and how to leave it behind. */
export interface BegunLook {
  abandon(): void;
}

/** Begins to look at this path; `heard` is called once, also long after it was left behind. */
export type BeginLook = (path: string, heard: (look: DirectoryLook) => void) => BegunLook;

/** Looks. It holds nothing while nobody asks. */
export class DirectoryLooks {
  readonly #timers: Timers;
  readonly #begin: BeginLook;
  #stuckCount = 0;

  constructor(timers: Timers, begin = beginShell) {
    this.#timers = timers;
    this.#begin = begin;
  }

  /** What is there by this absolute path. */
  look(path: string): Promise<DirectoryLook> {
    return this.#ask((heard) => this.#begin(path, heard));
  }

  /** Is one of these, by absolute paths and looked at in this order, a program? */
  findProgram(files: readonly string[]): Promise<ProgramLook> {
    return this.#ask((heard) => beginProgramShell(files, heard));
  }

  #ask<Seen>(begin: (heard: (look: Seen | Unseen) => void) => BegunLook): Promise<Seen | Unseen> {
    if (this.#stuckCount >= directoryLooksStuckMax) {
      return Promise.resolve({ is: 'unseen', why: 'too many looks at others do not return' });
    }
    return new Promise<Seen | Unseen>((resolve) => {
      let isStuck = false;
      const begun = begin((look) => {
        cancel();
        if (isStuck) this.#stuckCount -= 1;
        else resolve(look);
      });
      const cancel = this.#timers.after(directoryLookMsMax, () => {
        isStuck = true;
        this.#stuckCount += 1;
        begun.abandon();
        resolve({ is: 'unseen', why: `nothing was heard of it in ${directoryLookMsMax / 1000} s` });
      });
      // For want of memory it is thrown, where other failures are told.
    }).catch(({ message }: Error): Unseen => ({ is: 'unseen', why: message }));
  }
}

/** By a shell. */
function beginShell(path: string, heard: (look: DirectoryLook) => void): BegunLook {
  // Two slashes at the beginning are a root of their own to some shells.
  const named = path.replace(/^\/+/, '/');
  return runShell(script, [named], (said) =>
    heard(typeof said === 'string' ? readLook(said) : said),
  );
}

function beginProgramShell(
  files: readonly string[],
  heard: (look: ProgramLook) => void,
): BegunLook {
  return runShell(programScript, files, (said) => {
    if (typeof said !== 'string') return heard(said);
    heard(said === 'there' || said === 'missing' ? { is: said } : { is: 'unseen', why: mute });
  });
}

function runShell(
  text: string,
  words: readonly string[],
  heard: (said: string | Unseen) => void,
): BegunLook {
  const options = { env: {}, cwd: '/', maxBuffer: directoryLookBytesMax };
  const child = execFile('/bin/sh', ['-c', text, 'sh', ...words], options, (error, stdout) => {
    heard(error === null ? stdout : { is: 'unseen', why: error.message });
  });
  return {
    abandon() {
      child.kill('SIGKILL');
      // It may never end, and must not keep this process from ending.
      child.unref();
      child.stdout?.destroy();
      child.stderr?.destroy();
    },
  };
}

function readLook(stdout: string): DirectoryLook {
  const [is, real = '', tree] = stdout.split('\0');
  if (is === 'directory') return { is, real, isInTree: tree === 'tree' };
  if (is === 'closed' || is === 'other' || is === 'missing') return { is };
  return { is: 'unseen', why: mute };
}
