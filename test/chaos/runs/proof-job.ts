/*
 * Jobs that leave proof: of how often they ran, in a file outside all stores, and of what they said.
 *
 * Each run appends one line to the job's own file before it does anything else, and then prints
 * numbered lines. So a second run, a lost line, one that came twice and one out of order all show.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One job of a run. */
export interface ProofJob {
  /** Its dispatch key, and the name of its file. */
  readonly key: string;
  readonly command: string;
  readonly lineCount: number;
  /** Its lease; a worker that was away for longer ends it by itself. */
  readonly leaseSeconds?: number;
}

/** What a job's proof must be. */
export interface ProofPlan {
  readonly key: string;
  readonly directory: string;
  readonly lineCount: number;
  /** Slept in the middle of the lines, so that a kill meets it running. */
  readonly pauseSeconds?: number;
  readonly leaseSeconds?: number;
  /** Its command is so much longer by a comment: a job with a prompt is. */
  readonly commentLetters?: number;
}

/** A job that appends to its file and prints its lines. */
export function makeProofJob(plan: ProofPlan): ProofJob {
  const { key, directory, lineCount, pauseSeconds } = plan;
  const effect = `echo "$WALLY_ATTEMPT" >> ${join(directory, key)}`;
  const half = Math.ceil(lineCount / 2);
  const print = (from: number, to: number) =>
    `i=${from}; while [ $i -lt ${to} ]; do echo "${key} $i"; i=$((i+1)); done`;
  const middle = pauseSeconds === undefined ? [] : [`sleep ${pauseSeconds}`];
  const work = [effect, print(0, half), ...middle, print(half, lineCount)].join('; ');
  const { commentLetters } = plan;
  const command = commentLetters === undefined ? work : `${work} # ${'x'.repeat(commentLetters)}`;
  const leased = plan.leaseSeconds === undefined ? {} : { leaseSeconds: plan.leaseSeconds };
  return { key, command, lineCount, ...leased };
}

/** Attempts that ran this job, one for each time that it began. */
export function readEffects(directory: string, key: string): readonly string[] {
  try {
    return readFileSync(join(directory, key), 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}

/** How many of its lines are there, in order, when `text` is their beginning; undefined when it is not. */
export function countLines(job: ProofJob, text: string): number | undefined {
  const lines = text.split('\n');
  const torn = lines.pop() ?? '';
  const isWhole = lines.every((line, index) => line === `${job.key} ${index}`);
  const isBeginning = `${job.key} ${lines.length}`.startsWith(torn);
  return isWhole && isBeginning && lines.length <= job.lineCount ? lines.length : undefined;
}
