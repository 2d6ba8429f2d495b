/*
 * Boxes whose trust has ended, at the door: one that was away when it did is told why, and does not dial for ever unknowing.
 *
 * A key that was never trusted is met with silence, as is one that was told a short while ago. Nothing that such a box says
 * is read. No life cycle: it lives as long as its hub.
 */
import { AppError } from '../../protocol/errors.ts';
import { encodeFrame } from '../../protocol/frames.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { Clock } from '../../protocol/ports.ts';
import type { Link } from '../../protocol/transports/link.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import { turnedAwayMs } from './limits.ts';

/** Who turns away. */
export class TurnedAway {
  readonly #find: (peer: PeerKey) => WorkerRecord | undefined;
  readonly #clock: Clock;
  /** Monotonic instants; as many as there are workers that were revoked, at most. */
  readonly #toldAt = new Map<PeerKey, number>();

  constructor(find: (peer: PeerKey) => WorkerRecord | undefined, clock: Clock) {
    this.#find = find;
    this.#clock = clock;
  }

  /** Is there something to tell this key now? */
  admits(peer: PeerKey): boolean {
    const toldAt = this.#toldAt.get(peer) ?? Number.NEGATIVE_INFINITY;
    return this.#isRevoked(peer) && this.#clock.monotonicMs() - toldAt >= turnedAwayMs;
  }

  /** Tells it, and ends the link, if it is one of these. */
  take(link: Link): boolean {
    if (!this.#isRevoked(link.peerKey)) return false;
    const isDue = this.admits(link.peerKey);
    const { code, message } = new AppError('WORKER_REVOKED');
    link.open({ frame: () => undefined, drain: () => undefined, closed: () => undefined });
    if (isDue) {
      this.#toldAt.set(link.peerKey, this.#clock.monotonicMs());
      link.send(encodeFrame({ t: 'nak', code, message }));
    }
    link.close(code);
    return true;
  }

  #isRevoked(peer: PeerKey): boolean {
    const worker = this.#find(peer);
    return worker !== undefined && worker.revokedAt !== null;
  }
}
