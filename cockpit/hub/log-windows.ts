/*
 * How much of logs each worker may have under way, so that all of them share the hub evenly.
 *
 * What is on its way stands in one line before the hub, in the room of its socket, and whoever has more
 * in the line gets more of the hub. What does not fit there is lost, and then who has what is left to the
 * carrier's own control of congestion, which is far from even. So a total that fits is divided by the
 * workers that sent something lately, and every ack says what the share is now. One that pauses between
 * two chunks keeps its place: counted by the moment, each of fifty would be granted what is meant for one.
 * Invariant: everyone may have something under way, so no log ever stands still.
 */
import { logWindowBytesMax, logWindowBytesMin } from '../../protocol/limits.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { Clock } from '../../protocol/ports.ts';
import { logActiveMs, logUnderWayBytesMax } from './limits.ts';

/** The shares of one hub. Life cycle: `note` what comes, `find` what to grant. */
export class LogWindows {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** When each was heard last, the one that is silent longest first. */
  readonly #heardAt = new Map<PeerKey, number>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Something of this worker's logs came. */
  note(worker: PeerKey): void {
    this.#heardAt.delete(worker);
    this.#heardAt.set(worker, this.#clock.monotonicMs());
  }

  /** Bytes that each worker may have under way now. */
  find(): number {
    const since = this.#clock.monotonicMs() - logActiveMs;
    for (const [worker, at] of this.#heardAt) {
      if (at >= since) break;
      this.#heardAt.delete(worker);
    }
    const share = Math.floor(logUnderWayBytesMax / Math.max(1, this.#heardAt.size));
    return Math.min(logWindowBytesMax, Math.max(logWindowBytesMin, share));
  }
}
