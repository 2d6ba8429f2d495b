/*
 * A wall clock that can be stepped for one process, where libfaketime is installed.
 *
 * The library is preloaded and reads the offset from a file, so that the clock of a running process
 * jumps. The monotonic clock and the times of files stay true. Nothing of it reaches the commands
 * of jobs, because the agent gives them an environment of their own.
 */
import { existsSync, globSync, renameSync, writeFileSync } from 'node:fs';

/** The environment of the process, and the hand that steps its clock. */
export interface SteppedClock {
  readonly env: Readonly<Record<string, string>>;
  /** Sets the clock to the true one and so many seconds. */
  set(offsetSeconds: number): void;
}

const missing = 'libfaketime is not installed';

/** Where Debian and Fedora put it. */
const places = ['/usr/lib/*/faketime/libfaketime.so.1', '/usr/lib64/faketime/libfaketime.so.1'];

/** The environment of a process whose clocks, the monotonic one too, run at this rate; or why not. */
export function planRate(rate: number): Readonly<Record<string, string>> | string {
  const library = findLibrary();
  if (library === undefined) return missing;
  return { LD_PRELOAD: library, FAKETIME: `+0 x${rate}`, NO_FAKE_STAT: '1' };
}

/** A clock whose offset is in `file`; a sentence where the library is missing. */
export function openClock(file: string): SteppedClock | string {
  const library = findLibrary();
  if (library === undefined) return missing;
  const set = (offsetSeconds: number) => {
    writeFileSync(`${file}.new`, `${offsetSeconds >= 0 ? '+' : ''}${offsetSeconds}\n`);
    // Whole or not at all: a process may read it at any moment.
    renameSync(`${file}.new`, file);
  };
  set(0);
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  };
  return { env, set };
}

function findLibrary(): string | undefined {
  return places.flatMap((place) => globSync(place)).find((path) => existsSync(path));
}
