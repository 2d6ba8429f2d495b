/*
 * What the system says about processes that a test did not start itself.
 *
 * Linux only, by /proc. A dead process that nobody has asked about yet counts as gone.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { vi } from 'vitest';

/** Does the process run? */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Resolves when the process has ended; the system tells nobody but its parent, so it is asked. */
export async function untilGone(pid: number): Promise<void> {
  await vi.waitUntil(() => !isRunning(pid), { timeout: 15_000, interval: 20 });
}

/** Most memory that the process has held at once, in bytes. */
export function readPeakMemory(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
}

/** Pids of all that run with this word in their environment or on their command line. */
export function findProcesses(word: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && isRunning(pid) && hasWord(pid, word));
}

function hasWord(pid: number, word: string): boolean {
  try {
    const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'latin1');
    return read('environ').includes(word) || read('cmdline').includes(word);
  } catch {
    // Gone meanwhile.
    return false;
  }
}
