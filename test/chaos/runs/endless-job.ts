/*
 * Jobs that print numbered lines until they are let go, and then say how many there were.
 *
 * For what must go on while hub and links are away for longer than any job of a fixed size takes.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProofJob } from './proof-job.ts';

/** A job whose number of lines only it knows. */
export interface EndlessJob {
  readonly key: string;
  readonly command: string;
  /** The same as one of a known size, once it has ended by itself. Errors: throws before. */
  measure(): ProofJob;
}

/** Starts of jobs that `release` ends, all at once. */
export interface EndlessJobs {
  make(key: string): EndlessJob;
  release(): void;
}

/** Jobs with their proof in this directory, a line every `pauseSeconds`. */
export function planEndlessJobs(directory: string, pauseSeconds: number): EndlessJobs {
  const gate = join(directory, 'release');
  const make = (key: string): EndlessJob => {
    const count = join(directory, `${key}.count`);
    const effect = `echo "$WALLY_ATTEMPT" >> ${join(directory, key)}`;
    const print = `echo "${key} $i"; i=$((i+1)); sleep ${pauseSeconds}`;
    const command = `${effect}; i=0; while [ ! -e ${gate} ]; do ${print}; done; echo $i > ${count}`;
    return {
      key,
      command,
      measure() {
        if (!existsSync(count)) throw new Error(`${key} did not end by itself`);
        return { key, command, lineCount: Number(readFileSync(count, 'utf8')) };
      },
    };
  };
  return { make, release: () => writeFileSync(gate, '') };
}
