/*
 * Files of ours that a process would get with its start, and what it gets in their place.
 *
 * LevelDB opens its files without O_CLOEXEC, and so does whoever started the agent: a process of another user would
 * hold the store, which it may not open, by number. So at each such number it is given `/dev/null`. Node's own files
 * close by themselves. Only Linux: elsewhere libuv closes all that is not passed on.
 * Invariant: what is covered was open before the start, so it is none of the start's own pipes.
 * Source: proc_pid_fdinfo(5), open(2), uv_process_options_t.
 */
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

/** O_CLOEXEC as the kernel shows it: the same on x64 and arm64. */
const closesOnExec = 0o2000000;

/** What a start is given from its fourth file on; `close` once it is made, safe where nothing is covered. */
export interface Cover {
  readonly files: readonly ('ignore' | number)[];
  close(): void;
}

/** Covers all that is open now; `from` is the first number that the start does not use itself. */
export function coverInherited(from: number): Cover {
  const open = new Set(listInherited().filter((number) => number >= from));
  if (open.size === 0) return { files: [], close: () => undefined };
  const nothing = openSync('/dev/null', 'r+');
  const files = Array.from({ length: Math.max(...open) - from + 1 }, (_, index) =>
    open.has(index + from) ? nothing : 'ignore',
  );
  return { files, close: () => closeSync(nothing) };
}

function listInherited(): readonly number[] {
  return listOr('/proc/self/fdinfo')
    .map(Number)
    .filter((number) => !isClosedOnExec(number));
}

function listOr(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // There is no /proc where starts close everything.
    return [];
  }
}

/** The number by which the list itself was read is gone by then, and counts as closed. */
function isClosedOnExec(number: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(
      readFileSync(`/proc/self/fdinfo/${number}`, 'latin1'),
    );
    return (Number.parseInt(flags?.[1] ?? '', 8) & closesOnExec) !== 0;
  } catch {
    return true;
  }
}
