/*
 * What a guard did while nobody was there to be told: one small file an attempt, read at the next start.
 *
 * The guard writes it before it ends anything, so a note may be of an attempt that ended by itself a
 * moment later, never the other way. It only explains: whether an attempt is over is decided by the
 * agent that finds its processes gone. A note that cannot be written or read is as good as none.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A guard ended this work, at this wall instant; `wasRunning`: its command had not ended by itself. */
export interface GuardNote {
  readonly mark: string;
  readonly at: number;
  readonly wasRunning: boolean;
}

/** Leaves a note. Never throws: a full disk must not keep a guard from its work. */
export function leaveNote(directory: string, note: GuardNote): void {
  const { mark } = note;
  try {
    makeFolder(directory);
    const name = `${mark.slice(mark.lastIndexOf('/') + 1)}.json`;
    writeFileSync(join(directory, name), JSON.stringify(note), { mode: 0o600 });
  } catch (error) {
    ignoreSystem(error);
  }
}

/** The folder alone: a home that was removed is not made anew by what its last agent left running. */
function makeFolder(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // It is there, or it cannot be: writing into it tells.
    ignoreSystem(error);
  }
}

/** All notes, by mark. */
export function readNotes(directory: string): ReadonlyMap<string, GuardNote> {
  const notes = new Map<string, GuardNote>();
  for (const name of listNames(directory)) {
    const note = readNote(join(directory, name));
    if (note !== undefined) notes.set(note.mark, note);
  }
  return notes;
}

/** Removes all notes, once what they explain is on the disk. */
export function dropNotes(directory: string): void {
  for (const name of listNames(directory)) rmSync(join(directory, name), { force: true });
}

function listNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith('.json'));
  } catch (error) {
    ignoreSystem(error);
    return [];
  }
}

function readNote(path: string): GuardNote | undefined {
  try {
    const { mark, at, wasRunning } = JSON.parse(readFileSync(path, 'utf8')) as Partial<GuardNote>;
    const isWhole = typeof mark === 'string' && typeof at === 'number';
    return isWhole && typeof wasRunning === 'boolean' ? { mark, at, wasRunning } : undefined;
  } catch (error) {
    // Half written when the power went.
    if (!(error instanceof SyntaxError)) ignoreSystem(error);
    return undefined;
  }
}

function ignoreSystem(error: unknown): void {
  if (!(error instanceof Error && 'code' in error)) throw error;
}
