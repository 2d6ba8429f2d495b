/*
 * Notes of guards: kept for the next start, whatever is wrong with one of them.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dropNotes, leaveNote, readNotes } from '../../../agent/guard/guard-notes.ts';

let root: string;
let directory: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'notes-'));
  directory = join(root, 'guard');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const note = { mark: 'store/J1.1', at: 5, wasRunning: true };

describe('guard notes', () => {
  test('guard notes: each attempt has its own, by mark, until all are dropped', () => {
    expect(readNotes(directory)).toEqual(new Map());
    const other = { mark: 'store/J2.1', at: 6, wasRunning: false };
    leaveNote(directory, note);
    leaveNote(directory, other);
    const all = new Map([note, other].map((one) => [one.mark, one]));
    expect(readNotes(directory)).toEqual(all);
    dropNotes(directory);
    expect(readNotes(directory)).toEqual(new Map());
  });

  test('guard notes: a torn one and one of another form are none, and hide no others', () => {
    leaveNote(directory, note);
    writeFileSync(join(directory, 'J2.1.json'), '{"mark":"store/J2');
    writeFileSync(join(directory, 'J3.1.json'), '{"mark":"store/J3.1","at":"now"}');
    expect([...readNotes(directory).keys()]).toEqual([note.mark]);
  });

  test('guard notes: one that cannot be left is left out, for the work must end all the same', () => {
    writeFileSync(directory, 'a file where the folder would be');
    expect(() => leaveNote(directory, note)).not.toThrow();
    expect(readNotes(directory)).toEqual(new Map());
  });

  test('guard notes: a home that was removed is not made anew for one', () => {
    rmSync(root, { recursive: true });
    leaveNote(directory, note);
    expect(existsSync(root)).toBe(false);
  });
});
