/*
 * A swarm together with the links made over it, from opening to closing.
 *
 * It knows which links are alive, cuts those of one key, and ends everything within a second:
 * first the links may flush, then the node is destroyed by force, then the swarm. In that order,
 * because a swarm that still has a node asks the rendezvous to forget it, for seconds if that is
 * gone. Invariant: after `close` nothing of the swarm keeps the process alive.
 */
import type Hyperswarm from 'hyperswarm';
import type { PeerKey } from '../model.ts';
import type { Timers } from '../ports.ts';
import { flushMsMax, lingerMsMax } from './limits.ts';
import type { NoiseLink } from './noise-link.ts';

/** Owns a swarm and its links; `close` is safe to repeat. */
export class OwnedSwarm {
  readonly #swarm: Hyperswarm;
  readonly #timers: Timers;
  readonly #links = new Set<NoiseLink>();
  #closing: Promise<void> | undefined;

  constructor(swarm: Hyperswarm, timers: Timers) {
    this.#swarm = swarm;
    this.#timers = timers;
  }

  /** Takes a link in, for as long as it lives. */
  add(link: NoiseLink): NoiseLink {
    this.#links.add(link);
    void link.gone.then(() => this.#links.delete(link));
    return link;
  }

  /** Cuts the links of a key at once. */
  kick(peerKey: PeerKey): void {
    for (const link of this.#links) {
      if (link.peerKey === peerKey) link.cut('kicked');
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    for (const link of this.#links) link.close('closing');
    const gone = Promise.all([...this.#links].map((link) => link.gone));
    await settleWithin(gone, this.#timers, flushMsMax);
    await settleWithin(this.#destroy(), this.#timers, lingerMsMax - flushMsMax);
  }

  async #destroy(): Promise<void> {
    await this.#swarm.dht.destroy({ force: true });
    // Not by force: only so does it stop the timers of its topics.
    await this.#swarm.destroy();
  }
}

/** Resolves when the promise settles, however it does, or after `timeoutMs`. */
export function settleWithin(
  promise: Promise<unknown>,
  timers: Timers,
  timeoutMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    const cancel = timers.after(timeoutMs, resolve);
    const finish = (): void => {
      cancel();
      resolve();
    };
    promise.then(finish, finish);
  });
}
