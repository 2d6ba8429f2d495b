/*
 * `$WALLY_HOME/history`: what was dispatched from the screen, the newest first, as JSON lines.
 *
 * A file of its owner alone, for commands and variables may hold secrets. It is written whole beside
 * itself and renamed, so that it is never half there; a line that can't be read is passed over. Two
 * screens at once: each reads before it writes, and the later one has the last word.
 * Errors: HOME_UNWRITABLE, CONFIG_INVALID.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError, hasSystemCode, wrapError } from '../../protocol/errors.ts';
import type { DispatchArgs } from '../tui/state/form-args.ts';
import { type PastDispatches, rememberDispatch } from '../tui/state/form-history.ts';

/** Of the whole file; the oldest dispatches fall out. As much as a screen reads in a moment. */
const historyCharsMax = 1024 * 1024;

const entrySchema = z.union([
  z.looseObject({ command: z.array(z.string()).min(1) }),
  z.looseObject({ prompt: z.string().min(1) }),
]);

/** The history in this file. Adding is in turn, in the order in which it was asked. */
export function openHistory(file: string, pid: number): PastDispatches {
  let last: Promise<unknown> = Promise.resolve();
  const add = async (entry: DispatchArgs): Promise<void> => {
    const entries = rememberDispatch(await readEntries(file), entry);
    const aside = `${file}.${pid}.new`;
    await writeFile(aside, writeEntries(entries), { mode: 0o600, flush: true });
    await rename(aside, file);
  };
  return {
    read: () => readEntries(file),
    add(entry) {
      const added = last.then(() => add(entry)).catch(refuse);
      // What failed has been told to whoever asked; the next one is another matter.
      last = added.catch(() => undefined);
      return added;
    },
  };
}

async function readEntries(file: string): Promise<readonly DispatchArgs[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    if (hasSystemCode(cause, 'ENOENT')) return '';
    throw new AppError('CONFIG_INVALID', `${file} cannot be read.`, { cause });
  });
  return text.split('\n').flatMap(readEntry);
}

function readEntry(line: string): readonly DispatchArgs[] {
  try {
    const entry: unknown = JSON.parse(line);
    // As it stands in the file: what is parsed has its keys in another order, and would be another.
    return entrySchema.safeParse(entry).success ? [entry as DispatchArgs] : [];
  } catch {
    // Torn, or written by another version: it is only a convenience that is lost.
    return [];
  }
}

function writeEntries(entries: readonly DispatchArgs[]): string {
  const lines: string[] = [];
  let room = historyCharsMax;
  for (const entry of entries) {
    const line = `${JSON.stringify(entry)}\n`;
    room -= line.length;
    if (room < 0) break;
    lines.push(line);
  }
  return lines.join('');
}

function refuse(thrown: unknown): never {
  throw wrapError(thrown, 'HOME_UNWRITABLE');
}
