/*
 * Messages of many commits that share rows of the outbox.
 *
 * What is queued for one peer by the commits of a batch goes into one row, and leaves with one: a row for each message
 * costs more than what the message does. Whoever owns the committer seals this with each batch, ahead of its commits,
 * for one of these may take away what another queued.
 */
import type { KvOp } from './kv.ts';
import type { PeerStreams, StreamRow } from './peer-streams.ts';

/** Messages that wait for the batch they go in. It lives as long as its committer, which seals it. */
export class OutboxPages {
  #waiting = new Map<PeerStreams, StreamRow[]>();

  /** They are committed, with the next batch. */
  add(streams: PeerStreams, messages: readonly StreamRow[]): void {
    if (messages.length === 0) return;
    const waiting = this.#waiting.get(streams);
    if (waiting === undefined) this.#waiting.set(streams, [...messages]);
    else for (const message of messages) waiting.push(message);
  }

  /** The rows of all that was added since the last call. */
  seal(): readonly KvOp[] {
    if (this.#waiting.size === 0) return [];
    const waiting = this.#waiting;
    this.#waiting = new Map();
    return [...waiting].flatMap(([streams, messages]) => streams.planPages(messages));
  }
}
