/*
 * What patterns match, looked for in a thread of its own: time and memory of that have an end.
 *
 * A pattern with several stars goes back and forth over a name that was made for it for hours, one with braces has a
 * million meanings, and names are the job's to choose. On the agent's own thread that would cost every link and lease
 * of the box. It opens no file and follows no rule of ours: what is found is only names, to be looked at by who asked.
 */
import { Worker } from 'node:worker_threads';
import type { Timers } from '../../protocol/ports.ts';
import { globHeapMib, globMsMax, globThreadsMax } from './limits.ts';

/** What is looked for. */
export interface GlobPlan {
  readonly directory: string;
  readonly patterns: readonly string[];
  /** No more names of a pattern than that are of any use. */
  readonly countMax: number;
}

/** A name that matched, and is that of no directory. */
export interface GlobName {
  readonly parentPath: string;
  readonly name: string;
  readonly isFile: boolean;
}

/** What the thread runs; in plain JavaScript, for it has no other file. */
const script = `
const { parentPort, workerData } = require('node:worker_threads');
const { glob } = require('node:fs/promises');
const { directory, patterns, countMax } = workerData;
const find = async (pattern) => {
  const names = [];
  for await (const entry of glob(pattern, { cwd: directory, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    names.push({ parentPath: entry.parentPath, name: entry.name, isFile: entry.isFile() });
    if (names.length >= countMax) break;
  }
  return names;
};
(async () => {
  for (const [index, pattern] of patterns.entries()) {
    parentPort.postMessage({ index, names: await find(pattern).catch(() => undefined) });
  }
})();
`;

/** Looks, a few at a time. It holds no thread while nobody looks. */
export class GlobThreads {
  readonly #timers: Timers;
  #busyCount = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Names by pattern, in their order; undefined for one that could not be looked for, or took too long. Never rejects. */
  async find(plan: GlobPlan): Promise<readonly (readonly GlobName[] | undefined)[]> {
    const found: (readonly GlobName[] | undefined)[] = plan.patterns.map(() => undefined);
    if (this.#busyCount >= globThreadsMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#busyCount += 1;
    // Without a thread, for want of memory, nothing is found.
    await this.#look(plan, found).catch(() => undefined);
    this.#busyCount -= 1;
    this.#waiting.shift()?.();
    return found;
  }

  #look(workerData: GlobPlan, found: (readonly GlobName[] | undefined)[]): Promise<void> {
    return new Promise((resolve) => {
      const resourceLimits = { maxOldGenerationSizeMb: globHeapMib };
      const way = { eval: true, env: {}, execArgv: [], resourceLimits };
      const worker = new Worker(script, { ...way, workerData });
      const finish = () => {
        cancel();
        void worker.terminate();
        resolve();
      };
      const cancel = this.#timers.after(globMsMax, finish);
      worker.on('message', ({ index, names }: GlobSaid) => {
        found[index] = names;
      });
      // Of a thread that ended for want of memory; what it had said counts.
      worker.once('error', finish);
      worker.once('exit', finish);
    });
  }
}

interface GlobSaid {
  readonly index: number;
  readonly names: readonly GlobName[] | undefined;
}
