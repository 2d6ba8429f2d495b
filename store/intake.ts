/*
 * How arriving messages are taken: all at once, and with care after a process that did not end by
 * itself.
 *
 * A message whose handling kills the process comes again after every restart and kills it again. So
 * after such an end the messages that may have been under way are taken one by one, each in hand
 * (`in-hand.ts`) while its handler runs; a message that was in the hands of several processes as they
 * ended is set aside instead. The normal path writes nothing here. Source: reliability facts, R24.
 */
import { windowFramesMax } from '../protocol/limits.ts';
import type { PeerKey } from '../protocol/model.ts';
import { findSuspect, type InHand, type Suspect } from './in-hand.ts';
import { applyingKey, type Stream } from './keys.ts';
import type { Kv } from './kv.ts';
import { deathsNotedMax } from './limits.ts';
import type { PeerStreams, StreamRow } from './peer-streams.ts';

/**
 * What to do with a message: apply it; set it aside and settle what it was about; or, where even
 * that ends the process, only set it aside.
 */
export type TakeHow = 'apply' | 'quarantine' | 'bury';

/** How rows are taken. */
export interface Taking {
  readonly how: TakeHow;
  /** Runs their handlers, in one turn; around that whoever takes them may pause. */
  hold<T>(handle: () => T): T;
}

/** All is well, and nothing is noted. */
export const plainTaking: Taking = { how: 'apply', hold: (handle) => handle() };

/** Takes rows, with their handlers in `hold`. Resolves once all is on disk. */
export type TakeRows = (rows: readonly StreamRow[], taking: Taking) => Promise<void>;

/** What an intake is made from, at the start of a process. */
export interface IntakeParts {
  readonly kv: Kv;
  readonly peer: PeerKey;
  /** The streams with the peer's store as last seen; undefined before its first hello. */
  readonly streams: PeerStreams | undefined;
  /** Of this process; all its intakes share it. */
  readonly inHand: InHand;
}

/** The messages that one peer sends us. No life cycle: it lives as long as its process. */
export class Intake {
  readonly #parts: IntakeParts;
  /** The last message that the process before this one can have been applying. */
  readonly #carefulThrough: number;
  #suspect: Suspect | undefined;
  #isSuspectRead = false;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    const received = parts.streams?.counts.received ?? 0;
    this.#carefulThrough = parts.inHand.isAfterCrash ? received + windowFramesMax : 0;
  }

  /** Takes rows that came from this store of the peer. Errors: those of `take`, STORE_*. */
  async take(store: string, rows: readonly StreamRow[], take: TakeRows): Promise<void> {
    const { streams, peer, kv } = this.#parts;
    const first = rows[0]?.seq ?? 0;
    // Another store is another stream, which the process before this one did not know.
    if (streams?.store !== store || first > this.#carefulThrough) return take(rows, plainTaking);
    const stream = { peer, store };
    if (!this.#isSuspectRead) this.#suspect = await findSuspect(kv, stream);
    this.#isSuspectRead = true;
    for (const row of rows) await this.#takeOne(stream, row, take);
  }

  async #takeOne(stream: Stream, row: StreamRow, take: TakeRows): Promise<void> {
    const { kv, inHand } = this.#parts;
    const endedCount = this.#suspect?.seq === row.seq ? this.#suspect.endedCount : 0;
    const hold: Taking['hold'] = (handle) => inHand.hold(stream, row.seq, handle);
    await take([row], { how: judge(endedCount), hold });
    if (endedCount > 0) await kv.batch([{ type: 'del', key: applyingKey(stream) }], 'buffered');
  }
}

function judge(endedCount: number): TakeHow {
  if (endedCount < deathsNotedMax) return 'apply';
  return endedCount === deathsNotedMax ? 'quarantine' : 'bury';
}
