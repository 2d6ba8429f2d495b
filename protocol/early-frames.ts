/*
 * What a link says after it has greeted and before it counts: while the peer's new store is being adopted.
 *
 * The peer takes the link for open as soon as it is greeted, and some things it says once a link. They wait
 * here until the disk has the adoption. What is said again where no answer comes (messages, logs,
 * files) is left out, so that little waits. Invariant: nothing of a link that has ended is kept.
 */
import type { Connection } from './connection.ts';
import type { Frame } from './frames.ts';
import { earlyFramesMax } from './limits.ts';

const saidAgain: ReadonlySet<Frame['t']> = new Set(['data', 'ack', 'log', 'artifact']);

/** Life cycle: `keep` what comes, `release` once its link counts. */
export class EarlyFrames {
  readonly #kept = new WeakMap<Connection, Frame[]>();

  /** Only of a link that is open: of two links of one peer the older was closed. */
  keep(connection: Connection, frame: Frame): void {
    if (!connection.isOpen || saidAgain.has(frame.t)) return;
    const kept = this.#kept.get(connection) ?? [];
    if (kept.length < earlyFramesMax) this.#kept.set(connection, [...kept, frame]);
  }

  /** All of it, in order; it is kept no more. */
  release(connection: Connection): readonly Frame[] {
    const kept = this.#kept.get(connection) ?? [];
    this.#kept.delete(connection);
    return kept;
  }
}
