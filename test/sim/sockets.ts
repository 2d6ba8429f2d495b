/*
 * The hub's control socket and its clients, on the hub's own box.
 *
 * A local socket loses nothing, doubles nothing and keeps the order; it ends at once for both sides
 * when either process does. So it shares the ends of the simulated network and none of its weather.
 */
import { AppError } from '../../protocol/errors.ts';
import type { AcceptLink, Link } from '../../protocol/transports/link.ts';
import type { Chance } from './chance.ts';
import type { SimClock } from './clock.ts';
import { Parcel } from './frame-kind.ts';
import type { Incarnation } from './incarnation.ts';
import { type Carriage, SimLink } from './sim-link.ts';
import type { Trace } from './trace.ts';

/** From one process to another on one box, milliseconds. */
const passMs = { min: 0.01, max: 0.3 } as const;

/** Told of every frame when it is sent. */
export type Passes = (from: SimLink, parcel: Parcel) => void;

/** What the sockets are made from. */
export interface SocketsParts {
  readonly clock: SimClock;
  readonly trace: Trace;
  readonly passes: Passes;
}

/** All local sockets of the hub's box. */
export class Sockets implements Carriage {
  readonly bufferBytes = 64 * 1024;
  readonly #parts: SocketsParts;
  readonly #links = new Set<SimLink>();
  readonly #chances = new WeakMap<SimLink, Chance>();
  #door: { readonly owner: Incarnation; readonly accept: AcceptLink } | undefined;

  constructor(parts: SocketsParts) {
    this.#parts = parts;
  }

  /** The hub takes clients from now on, until it is killed. */
  listen(owner: Incarnation, accept: AcceptLink): void {
    this.#door = { owner, accept };
  }

  /** A link of this client program with the hub. Errors: HUB_UNREACHABLE. */
  connect(owner: Incarnation, chance: Chance): Promise<Link> {
    return new Promise((resolve, reject) => {
      this.#parts.clock.after(drawPass(chance), () => {
        const door = this.#door;
        if (door === undefined || door.owner.isDead) {
          owner.run(() => reject(new AppError('HUB_UNREACHABLE')));
          return;
        }
        const box = owner.name;
        const near = new SimLink({ carriage: this, owner, peerKey: 'hub', box, sends: 'to-hub' });
        const hub = door.owner;
        const far = new SimLink({
          carriage: this,
          owner: hub,
          peerKey: box,
          box,
          sends: 'to-agent',
        });
        near.connect(far);
        far.connect(near);
        this.#chances.set(near, chance.fork()).set(far, chance.fork());
        this.#links.add(near).add(far);
        hub.run(() => door.accept(far));
        owner.run(() => resolve(near));
      });
    });
  }

  /** A process died: the other side of each of its sockets learns of it at once. */
  kill(owner: Incarnation): void {
    if (this.#door?.owner === owner) this.#door = undefined;
    for (const link of [...this.#links]) {
      if (link.owner !== owner) continue;
      link.drop();
      this.#links.delete(link);
      this.#endLater(link.peer, 'the socket was closed');
    }
  }

  // For the links.

  carry(from: SimLink, bytes: Uint8Array): void {
    const { clock, trace, passes } = this.#parts;
    trace.mix(bytes.length);
    passes(from, new Parcel(bytes));
    const chance = this.#chances.get(from);
    const passMs = chance === undefined ? 0 : drawPass(chance);
    const at = Math.max(clock.nowMs + passMs, from.lastArrivalAt);
    from.lastArrivalAt = at;
    clock.at(at, () => {
      const { peer } = from;
      if (peer.owner.isDead || peer.isEnded) return;
      peer.owner.run(() => {
        from.noteTaken(bytes.length);
        peer.deliver(bytes);
      });
    });
  }

  ended(from: SimLink, reason: string): void {
    this.#links.delete(from);
    this.#endLater(from.peer, `closed by peer: ${reason}`);
  }

  soon(run: () => void): void {
    this.#parts.clock.after(0, run);
  }

  #endLater(link: SimLink, reason: string): void {
    const { clock } = this.#parts;
    clock.at(Math.max(clock.nowMs, link.peer.lastArrivalAt), () => {
      this.#links.delete(link);
      link.owner.run(() => link.end(reason));
    });
  }
}

function drawPass(chance: Chance): number {
  return chance.between(passMs.min, passMs.max);
}
