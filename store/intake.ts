/*
 * How arriving messages are taken: all at once, and with care after a process that did not end by
 * itself.
 *
 * A message whose handling kills the process comes again after every restart and kills it again. So
 * after such an end the messages that may have been under way are taken one by one, each noted in a
 * row before its handler runs and the note removed once the handler has returned; a message that is
 * found noted at several starts is set aside instead. A note is not synced: a process that dies
 * leaves it, and a loss of power, which no message causes, may take it. The normal path writes
 * nothing here. Source: reliability facts, R24.
 */
import { z } from 'zod';
import { windowFramesMax } from '../protocol/limits.ts';
import type { PeerKey } from '../protocol/model.ts';
import { applyingKey } from './keys.ts';
import type { Kv } from './kv.ts';
import { deathsNotedMax } from './limits.ts';
import type { PeerStreams, StreamRow } from './peer-streams.ts';
import { findRow, planRow } from './row-codec.ts';

/**
 * What to do with a message: apply it; set it aside and settle what it was about; or, where even
 * that ends the process, only set it aside.
 */
export type TakeHow = 'apply' | 'quarantine' | 'bury';

/** Takes rows; their handlers run before its first pause. Resolves once all is on disk. */
export type TakeRows = (rows: readonly StreamRow[], how: TakeHow) => Promise<void>;

/** What an intake is made from, at the start of a process. */
export interface IntakeParts {
  readonly kv: Kv;
  readonly peer: PeerKey;
  /** The streams with the peer's store as last seen; undefined before its first hello. */
  readonly streams: PeerStreams | undefined;
  readonly isAfterCrash: boolean;
}

const noteSchema = z.object({
  seq: z.number().int().positive(),
  /** Starts at which the handler of this message was begun and not seen to return. */
  begunCount: z.number().int().positive(),
});

type Note = z.infer<typeof noteSchema>;

/** The messages that one peer sends us. No life cycle: it lives as long as its process. */
export class Intake {
  readonly #parts: IntakeParts;
  /** The last message that the process before this one can have been applying. */
  readonly #carefulThrough: number;
  #note: Note | undefined;
  #isNoteRead = false;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    const received = parts.streams?.counts.received ?? 0;
    this.#carefulThrough = parts.isAfterCrash ? received + windowFramesMax : 0;
  }

  /** Takes rows that came from this store of the peer. Errors: those of `take`, STORE_*. */
  async take(store: string, rows: readonly StreamRow[], take: TakeRows): Promise<void> {
    const { streams, peer, kv } = this.#parts;
    const first = rows[0]?.seq ?? 0;
    // Another store is another stream, which the process before this one did not know.
    if (streams?.store !== store || first > this.#carefulThrough) return take(rows, 'apply');
    const key = applyingKey({ peer, store });
    if (!this.#isNoteRead) this.#note = await findRow(kv, key, noteSchema);
    this.#isNoteRead = true;
    for (const row of rows) await this.#takeOne(key, row, take);
  }

  async #takeOne(key: string, row: StreamRow, take: TakeRows): Promise<void> {
    const { kv } = this.#parts;
    const before = this.#note?.seq === row.seq ? this.#note.begunCount : 0;
    const note: Note = { seq: row.seq, begunCount: before + 1 };
    await kv.batch([planRow(key, note)], 'buffered');
    const taken = take([row], judge(before));
    // The handler has returned, so it is not this message that ends processes. Ahead of its commit,
    // so that a kill from outside while that is under way is not laid to its charge.
    const removed = kv.batch([{ type: 'del', key }], 'buffered');
    await Promise.all([taken, removed]);
  }
}

function judge(begunCount: number): TakeHow {
  if (begunCount < deathsNotedMax) return 'apply';
  return begunCount === deathsNotedMax ? 'quarantine' : 'bury';
}
