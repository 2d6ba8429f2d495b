/*
 * What is counted of a message that was in the hands of a process as it ended, and the note that says so.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type HandNote, openHandNote, openMemoryHandNote } from '../../store/hand-note.ts';
import { findSuspect, openInHand } from '../../store/in-hand.ts';
import { applyingKey } from '../../store/keys.ts';
import type { Kv } from '../../store/kv.ts';
import { instantDisk, openMemoryKv } from '../../store/memory.ts';
import { planRow } from '../../store/row-codec.ts';
import { createDirectory } from './place.ts';

const stream = { peer: 'ab'.repeat(32), store: 'c'.repeat(32) };

const word = (seq: number, incarnation: number) =>
  `${stream.peer}@${stream.store} ${seq} ${incarnation}`;

/** A process starts and finds this left in the note; resolves with what it counts against the stream. */
async function start(kv: Kv, left: string, { incarnation = 8, isAfterCrash = true } = {}) {
  const handNote = openMemoryHandNote();
  handNote.write(left);
  await openInHand({ kv, handNote }, { storeId: 'ef'.repeat(16), incarnation, isAfterCrash });
  expect(handNote.read()).toBe('');
  return findSuspect(kv, stream);
}

const openKv = () => openMemoryKv(instantDisk());

describe('in hand', () => {
  test('in hand: what the process before left is counted, once a process', async () => {
    const kv = await openKv();
    expect(await start(kv, word(5, 7))).toEqual({ seq: 5, begunCount: 1, endedCount: 1 });
    expect(await start(kv, '', { incarnation: 9 })).toMatchObject({ seq: 5, endedCount: 1 });
    expect(await start(kv, word(5, 9), { incarnation: 10 })).toMatchObject({ endedCount: 2 });
    expect(await start(kv, word(6, 10), { incarnation: 11 })).toMatchObject({
      seq: 6,
      endedCount: 1,
    });
  });

  test('in hand: what an earlier process left says nothing of the one before this', async () => {
    expect(await start(await openKv(), word(5, 6))).toBeUndefined();
  });

  test('in hand: nothing is counted where the process before ended by itself', async () => {
    expect(await start(await openKv(), word(5, 7), { isAfterCrash: false })).toBeUndefined();
  });

  test('in hand: a note that makes no sense is nobody’s', async () => {
    for (const left of ['x', `${word(5, 7)} 1`, word(0, 7), '\0'.repeat(255)]) {
      expect(await start(await openKv(), left)).toBeUndefined();
    }
  });

  test('in hand: what a version before this counted is not believed, for it counted what waited too', async () => {
    const kv = await openKv();
    await kv.batch([planRow(applyingKey(stream), { seq: 5, begunCount: 2 })], 'synced');
    expect(await findSuspect(kv, stream)).toBeUndefined();
    expect(await start(kv, word(5, 7))).toMatchObject({ seq: 5, endedCount: 1 });
  });
});

async function openPlace(): Promise<string> {
  const place = await createDirectory();
  onTestFinished(place.remove);
  return place.path;
}

function openNote(store: string): HandNote {
  const note = openHandNote(store);
  onTestFinished(() => note.close());
  return note;
}

describe('the hand note in a file', () => {
  test('hand note: a word is there at once for another process, and goes when it is taken back', async () => {
    const store = await openPlace();
    const note = openNote(store);
    expect(openNote(store).read()).toBe('');
    note.write(word(123_456, 7));
    expect(openNote(store).read()).toBe(word(123_456, 7));
    note.write(word(5, 7));
    expect(openNote(store).read()).toBe(word(5, 7));
    note.write('');
    expect(openNote(store).read()).toBe('');
  });

  test('hand note: its file has one size whatever it says, so that a full disk takes every word', async () => {
    const store = await openPlace();
    const note = openNote(store);
    const sizes = [word(1, 1), '', word(999_999_999_999_999, 999_999_999_999_999)].map((each) => {
      note.write(each);
      return readFileSync(join(store, 'HAND')).length;
    });
    expect(new Set(sizes).size).toBe(1);
    expect(note.read()).toBe(word(999_999_999_999_999, 999_999_999_999_999));
  });

  test('hand note: one that cannot be written or read ends nobody', async () => {
    const note = openNote(join(await openPlace(), 'gone'));
    note.write(word(5, 7));
    expect(note.read()).toBe('');
    note.close();
    note.close();
  });

  test('hand note: a word that is too long is not written', async () => {
    const store = await openPlace();
    const note = openNote(store);
    note.write(word(5, 7));
    note.write('x'.repeat(256));
    expect(note.read()).toBe(word(5, 7));
  });
});
