/*
 * What a process costs, read from /proc: the time of all its threads on a core, and its memory.
 *
 * Nanoseconds of schedstat, because the ticks of stat are too coarse for small shares. Linux only.
 * Source: proc(5), sched-stats.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Memory in megabytes. */
export interface Memory {
  readonly megabytes: number;
  readonly privateMegabytes: number;
}

/** Both over one window; `percent` is of one core. */
export interface Usage extends Memory {
  readonly percent: number;
}

/** Can this be read here? */
export function canReadUsage(): boolean {
  return existsSync('/proc/self/schedstat');
}

/** Looks at a process for so long. */
export async function watchUsage(pid: number, windowMs: number): Promise<Usage> {
  const start = performance.now();
  const before = readCpuMs(pid);
  await sleep(windowMs);
  const percent = (100 * (readCpuMs(pid) - before)) / (performance.now() - start);
  return { percent, ...readMemory(pid) };
}

/** Milliseconds that its threads were on a core until now. */
export function readCpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const times = threads.map((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
    return Number(text.split(' ')[0]) / 1e6;
  });
  return times.reduce((sum, ms) => sum + ms, 0);
}

/** What it holds now. */
export function readMemory(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const read = (field: string) =>
    (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024) / 1e6;
  return {
    megabytes: read('Rss'),
    privateMegabytes: read('Private_Clean') + read('Private_Dirty'),
  };
}
