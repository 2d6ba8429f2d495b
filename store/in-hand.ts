/*
 * The message in this process's hands, and how often a message was in the hands of one that ended.
 *
 * A handler runs in one turn. Before it the message is named in the hand note, after it the name is taken back, so a name
 * that the next process finds is of a message whose handler ended the one before it. That is counted in a row, once, at the
 * start. What was handled and only waits for the disk has left the hands, and is never counted, however its process ends.
 * Source: reliability facts, R24.
 */
import { z } from 'zod';
import type { StoreIdentity } from './format.ts';
import type { HandNote } from './hand-note.ts';
import { applyingKey, type Stream } from './keys.ts';
import type { Kv } from './kv.ts';
import { findRow, planRow } from './row-codec.ts';

/** What it is made from, at the start of a process. */
export interface InHandParts {
  readonly kv: Kv;
  readonly handNote: HandNote;
}

const rowSchema = z.object({
  seq: z.number().int().positive(),
  /** For versions before this one, which count starts at which the handler was begun; read by them only. */
  begunCount: z.number().int().positive(),
  /** Processes that ended while the message was in their hands. Theirs have none: they counted what waited too. */
  endedCount: z.number().int().positive().optional(),
});

/** Counts what the process before this one was ended by, if it was. Call once an incarnation. Errors: STORE_*. */
export async function openInHand(
  { kv, handNote }: InHandParts,
  identity: StoreIdentity,
): Promise<InHand> {
  const text = handNote.read();
  const left = readNote(text);
  // One of an earlier process was counted by the one after it, or could not be taken back.
  if (identity.isAfterCrash && left?.incarnation === identity.incarnation - 1) {
    const known = await findSuspect(kv, left.stream);
    const endedCount = (known?.seq === left.seq ? known.endedCount : 0) + 1;
    const row = { seq: left.seq, begunCount: endedCount, endedCount };
    await kv.batch([planRow(applyingKey(left.stream), row)], 'buffered');
  }
  if (text !== '') handNote.write('');
  return new InHand(handNote, identity);
}

/** A message of a stream, and how many processes ended with it in their hands. */
export interface Suspect {
  readonly seq: number;
  readonly endedCount: number;
}

/** The one that was counted last, if it was not taken since. Errors: STORE_*. */
export async function findSuspect(kv: Kv, stream: Stream): Promise<Suspect | undefined> {
  const row = await findRow(kv, applyingKey(stream), rowSchema);
  return row?.endedCount === undefined ? undefined : { ...row, endedCount: row.endedCount };
}

/** The hands of one process: they hold one message at a time. No life cycle: its note has one. */
export class InHand {
  /** Did the process before this one not end by itself? */
  readonly isAfterCrash: boolean;
  readonly #note: HandNote;
  readonly #incarnation: number;

  constructor(note: HandNote, { isAfterCrash, incarnation }: StoreIdentity) {
    this.isAfterCrash = isAfterCrash;
    this.#note = note;
    this.#incarnation = incarnation;
  }

  /** Runs the handler of a message, which makes no pause, with the message in hand. */
  hold<T>({ peer, store }: Stream, seq: number, handle: () => T): T {
    this.#note.write(`${peer}@${store} ${seq} ${this.#incarnation}`);
    try {
      return handle();
    } finally {
      this.#note.write('');
    }
  }
}

interface Left {
  readonly stream: Stream;
  readonly seq: number;
  readonly incarnation: number;
}

function readNote(text: string): Left | undefined {
  const [, peer, store, seq, incarnation] =
    /^([^/@\s]+)@([^/@\s]+) (\d{1,15}) (\d{1,15})$/.exec(text) ?? [];
  if (peer === undefined || store === undefined || Number(seq) === 0) return undefined;
  return { stream: { peer, store }, seq: Number(seq), incarnation: Number(incarnation) };
}
