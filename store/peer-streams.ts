/*
 * The two durable streams between this store and one store of one peer, as numbers in memory.
 *
 * It gives out the next sequence number and plans the rows; whoever owns the transition commits
 * them together with everything else it changes. Invariant: numbers are given in the order of the
 * commits, so the outbox never has a hole. A failed commit ends the process's use of this store.
 */
import { assert } from '../protocol/errors.ts';
import type { AttemptId, PeerKey } from '../protocol/model.ts';
import { planReceived, readReceived } from './inbox.ts';
import { getSeq } from './keys.ts';
import type { Kv, KvOp } from './kv.ts';
import {
  planAcked,
  planAppend,
  planPages,
  readAcked,
  readLastSeq,
  readOutbox,
  readRemoved,
} from './outbox.ts';

/** A message with its place in the stream. */
export interface StreamRow {
  readonly seq: number;
  readonly bytes: Uint8Array;
  /** What it assigns, where this process planned it, so that nobody has to read it again. */
  readonly assigns?: AttemptId;
}

/** What is on disk of both directions. */
export interface StreamCounts {
  readonly acked: number;
  readonly queued: number;
  readonly received: number;
}

/** The counts, and below which number no row is left. */
interface StreamGround extends StreamCounts {
  readonly removed: number;
}

/** Life cycle: `openPeerStreams`; it holds no resource, so nothing closes it. */
export class PeerStreams {
  readonly store: string;
  readonly #kv: Kv;
  readonly #stream: { readonly peer: PeerKey; readonly store: string };
  #acked: number;
  #queued: number;
  #received: number;
  #removed: number;
  /** Up to here it is not known which messages share a row. */
  readonly #unknownThrough: number;
  /** The rows above it, by the numbers of their last messages, lowest first. */
  #rows: number[] = [];
  /** Up to here every message that was committed is in a row. */
  #sealedThrough: number;

  constructor(
    kv: Kv,
    stream: { readonly peer: PeerKey; readonly store: string },
    at: StreamGround,
  ) {
    this.#kv = kv;
    this.#stream = stream;
    this.store = stream.store;
    this.#acked = at.acked;
    this.#queued = at.queued;
    this.#received = at.received;
    this.#removed = at.removed;
    this.#unknownThrough = at.queued;
    this.#sealedThrough = at.queued;
  }

  get counts(): StreamCounts {
    return { acked: this.#acked, queued: this.#queued, received: this.#received };
  }

  /** What was queued when this process began with them: nothing above it left before. */
  get queuedBefore(): number {
    return this.#unknownThrough;
  }

  /** Messages that the peer has not acknowledged. */
  get waitingCount(): number {
    return this.#queued - this.#acked;
  }

  /** Takes the next number for a message, which must be committed in the order of these calls. */
  takeNext(bytes: Uint8Array, assigns?: AttemptId): StreamRow {
    this.#queued += 1;
    return { seq: this.#queued, bytes, ...(assigns === undefined ? {} : { assigns }) };
  }

  /** The same for a message that has a row of its own. */
  planMessage(bytes: Uint8Array): { readonly row: StreamRow; readonly op: KvOp } {
    const row = this.takeNext(bytes);
    this.#noteRow(row.seq);
    return { row, op: planAppend(this.#stream, row.seq, bytes) };
  }

  /** The rows of messages that have their numbers and are committed, in the order of that. */
  planPages(messages: readonly StreamRow[]): readonly KvOp[] {
    const ops = planPages(this.#stream, messages);
    for (const { key } of ops) this.#noteRow(getSeq(key));
    return ops;
  }

  #noteRow(last: number): void {
    this.#rows.push(last);
    this.#sealedThrough = Math.max(this.#sealedThrough, last);
  }

  /** Takes back the numbers above `queued`: what they were given to is not going to be committed. */
  takeBack(queued: number): void {
    assert(queued <= this.#queued, 'only numbers that were given out are taken back');
    this.#queued = queued;
    this.#rows = this.#rows.filter((seq) => seq <= queued);
    this.#sealedThrough = Math.min(this.#sealedThrough, queued);
  }

  /** Moves the receive mark; commit it with the effects of what was received. */
  planReceived(seq: number): KvOp {
    this.#received = Math.max(this.#received, seq);
    return planReceived(this.#stream, seq);
  }

  /** Was anything ever sent or received in these streams? */
  get isUsed(): boolean {
    return this.#queued > 0 || this.#received > 0;
  }

  /** Takes away all that waits, also what is still on its way to the disk. */
  planRetire(): readonly KvOp[] {
    const through = this.#queued;
    // Their row goes ahead of this into the batch, and may end with any of them.
    const unsealed = count(this.#sealedThrough, through);
    return planAcked(this.#stream, { through, rows: [...this.#listRows(through), ...unsealed] });
  }

  read(after: number, countMax: number): Promise<readonly StreamRow[]> {
    return readOutbox(this.#kv, this.#stream, { afterSeq: after, countMax });
  }

  /**
   * Notes the peer's cursor; the changes take away what it has. They may wait or be lost: then it is
   * sent again from an older mark, and the peer's cursor says that it has it.
   */
  planAcked(through: number): readonly KvOp[] {
    if (through <= this.#acked && through <= this.#removed) return [];
    const acked = Math.max(this.#acked, through);
    const rows = this.#listRows(acked);
    this.#acked = acked;
    this.#removed = acked;
    this.#rows = this.#rows.filter((seq) => seq > acked);
    return planAcked(this.#stream, { through: acked, rows });
  }

  /** The rows that hold nothing above `through`. */
  #listRows(through: number): readonly number[] {
    const unknown = count(this.#removed, Math.min(through, this.#unknownThrough));
    return [...unknown, ...this.#rows.filter((seq) => seq <= through)];
  }
}

/** The whole numbers above `after`, up to `through`. */
function count(after: number, through: number): readonly number[] {
  return Array.from({ length: Math.max(0, through - after) }, (_, index) => after + index + 1);
}

/** Reads where both directions stand. Errors: STORE_IO, STORE_DAMAGED. */
export async function openPeerStreams(
  kv: Kv,
  stream: { readonly peer: PeerKey; readonly store: string },
): Promise<PeerStreams> {
  const [acked, queued, received] = await Promise.all([
    readAcked(kv, stream),
    readLastSeq(kv, stream),
    readReceived(kv, stream),
  ]);
  const removed = await readRemoved(kv, stream, acked);
  return new PeerStreams(kv, stream, { acked, queued, received, removed });
}
