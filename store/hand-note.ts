/*
 * The hand note: a few bytes beside the store that say which message is in the hands of this process.
 *
 * They are written at once, in the turn of the caller, and wait for no batch, no sync and no store that is being opened
 * again: what is found there is there because the process ended before it could take it back, and not because the disk
 * let nothing through. So the file has one size from its first word on, and is overwritten in its place, which even a full
 * disk allows. It is never synced: a process that dies leaves it, and a loss of power, which no message causes, may take
 * it. Nothing here throws: a note that cannot be written is evidence of nothing.
 */
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** The note of one store. Its calls return once it is done, and never throw. */
export interface HandNote {
  /** What was left; '' where nothing was. */
  read(): string;
  /** Leaves this word in the place of the one before; '' takes it back. One of over 256 letters is not written. */
  write(word: string): void;
  /** Safe to repeat. */
  close(): void;
}

const noteFile = 'HAND';

/** Longer than a peer, a store and two numbers; a part of one block, so it is written whole. */
const noteBytes = 256;

/** The note of the store in this directory, which is there; a file is made with the first word. */
export function openHandNote(store: string): HandNote {
  const path = join(store, noteFile);
  let file: number | undefined;
  return {
    read() {
      try {
        return readFileSync(path, 'latin1').trim();
      } catch {
        return '';
      }
    },
    write(word) {
      const bytes = Buffer.from(word.padEnd(noteBytes - 1).concat('\n'), 'latin1');
      if (bytes.length !== noteBytes) return;
      try {
        file ??= openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
        writeSync(file, bytes, 0, noteBytes, 0);
      } catch {
        // Nothing is held against whom it does not name; what is not taken back goes with the next word.
        return;
      }
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

/** One that lives as long as its object: for benches, tests and the simulator. */
export function openMemoryHandNote(): HandNote {
  let left = '';
  return {
    read: () => left,
    write(word) {
      left = word;
    },
    close: () => undefined,
  };
}
