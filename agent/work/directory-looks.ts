/*
 * Is there a directory of this name, and may it be entered? Asked by a process of its own, which can be left behind.
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
    if (this.#stuckCount >= directoryLooksStuckMax) {
      return Promise.resolve({ is: 'unseen', why: 'too many looks at others do not return' });
    }
    return new Promise<DirectoryLook>((resolve) => {
      let isStuck = false;
      const begun = this.#begin(path, (look) => {
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
    }).catch(({ message }: Error) => ({ is: 'unseen', why: message }));
  }
}

/** By a shell. */
function beginShell(path: string, heard: (look: DirectoryLook) => void): BegunLook {
  const options = { env: {}, cwd: '/', maxBuffer: directoryLookBytesMax };
  // Two slashes at the beginning are a root of their own to some shells.
  const named = path.replace(/^\/+/, '/');
  const child = execFile('/bin/sh', ['-c', script, 'sh', named], options, (error, stdout) => {
    heard(error === null ? readLook(stdout) : { is: 'unseen', why: error.message });
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
  return { is: 'unseen', why: 'the shell said nothing' };
}
