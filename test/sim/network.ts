/*
 * The simulated network between one hub and its agents.
 *
 * It decides what becomes of every frame: lost, doubled, delayed, overtaken, held by a partition.
 * Links can be cut on one side or on both. It knows frames only by their bytes. It draws from its
 * own chance, so the weather does not depend on what the processes draw.
 */
import { AppError } from '../../protocol/errors.ts';
import { decodeFrame } from '../../protocol/frames.ts';
import { dialAttemptMsMax } from '../../protocol/limits.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { AcceptLink, Link } from '../../protocol/transports/link.ts';
import type { Chance } from './chance.ts';
import type { SimClock } from './clock.ts';
import { describeFrame, Parcel } from './frame-kind.ts';
import type { Incarnation } from './incarnation.ts';
import { type Carriage, type Direction, SimLink } from './sim-link.ts';
import type { Trace } from './trace.ts';

/** What the network does to frames; probabilities are of one frame. */
export interface Weather {
  readonly delayMs: readonly [min: number, max: number];
  readonly loss: number;
  /** Which frames may be lost. */
  readonly lossWays: Direction | 'both';
  readonly double: number;
  readonly overtake: number;
  /** Probability that the end of a link is never told to the other side. */
  readonly silentEnd: number;
  readonly bufferBytes: number;
}

/** A network on which nothing goes wrong. */
export const calm: Weather = {
  delayMs: [1, 10],
  loss: 0,
  lossWays: 'both',
  double: 0,
  overtake: 0,
  silentEnd: 0,
  bufferBytes: 64 * 1024,
};

/** The hub's door, as the network sees it. */
export interface OpenDoor {
  readonly owner: Incarnation;
  readonly admits: (key: PeerKey) => boolean;
  readonly accept: AcceptLink;
}

/** Who dials. */
export interface Dialler {
  readonly owner: Incarnation;
  readonly box: string;
  readonly key: PeerKey;
  readonly hub: PeerKey;
}

/** Told of every frame that reaches a box, whether its process is awake or not; `garbage` has no sense. */
export type Arrived = (from: SimLink, parcel: Parcel) => void;

/** What a network is made from. */
export interface NetworkParts {
  readonly clock: SimClock;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly arrived: Arrived;
  /** Told of a link that took more than it may hold. */
  readonly overflowed: (from: SimLink) => void;
  /** Told of every frame that a program sends. */
  readonly passes: (from: SimLink, parcel: Parcel) => void;
}

/** One network. */
export class Network implements Carriage {
  weather: Weather = calm;
  readonly #parts: NetworkParts;
  readonly #links = new Set<SimLink>();
  readonly #blockedUntil = new Map<string, number>();
  #door: OpenDoor | undefined;
  #spikeUntil = 0;
  readonly #dataLostUntil = new Map<string, number>();
  readonly #chances = new Map<string, Chance>();

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  get bufferBytes(): number {
    return this.weather.bufferBytes;
  }

  openDoor(door: OpenDoor): void {
    this.#door = door;
  }

  closeDoor(owner: Incarnation): void {
    if (this.#door?.owner === owner) this.#door = undefined;
  }

  /** One try to reach the hub; ends in time. Errors: LINK_LOST, LINK_TIMEOUT, PEER_UNKNOWN. */
  dial(dialler: Dialler): Promise<Link> {
    const { clock } = this.#parts;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const askedAt = clock.nowMs;
      const settle = (delayMs: number, act: () => void) =>
        clock.after(delayMs, () =>
          dialler.owner.run(() => {
            isOver = true;
            act();
          }),
        );
      const refuse = (code: 'LINK_LOST' | 'LINK_TIMEOUT' | 'PEER_UNKNOWN', delayMs: number) =>
        settle(delayMs, () => reject(new AppError(code)));
      refuse('LINK_TIMEOUT', dialAttemptMsMax);
      const { box } = dialler;
      if (this.#isBlocked(box, 'to-hub') || this.#isBlocked(box, 'to-agent')) return;
      clock.after(this.#drawDelay(box), () => {
        const door = this.#door;
        if (door === undefined || door.owner.isDead) {
          refuse('LINK_LOST', this.#drawDelay(box));
          return;
        }
        door.owner.run(() => {
          if (isOver || dialler.owner.isDead) return;
          if (!door.admits(dialler.key)) {
            refuse('PEER_UNKNOWN', this.#drawDelay(box));
            return;
          }
          const link = this.#connect(dialler, door);
          link.askedAt = askedAt;
          settle(this.#drawDelay(box), () => resolve(link));
        });
      });
    });
  }

  /** Until then (milliseconds of the run) nothing passes in this direction. */
  block(box: string, direction: Direction, untilMs: number): void {
    this.#blockedUntil.set(`${box} ${direction}`, untilMs);
  }

  /** Until then everything takes a second or so longer. */
  spike(untilMs: number): void {
    this.#spikeUntil = untilMs;
  }

  /** Until then messages of a box are lost, and only these: as if large packets did not pass. */
  loseData(box: string, untilMs: number): void {
    this.#dataLostUntil.set(box, untilMs);
  }

  /** Bytes that no program sent arrive on every link of a box. */
  inject(box: string, direction: Direction, bytes: Uint8Array): void {
    const parcel = isSound(bytes) ? new Parcel(bytes) : new Parcel(bytes, 'garbage');
    for (const link of [...this.#links]) {
      if (link.box !== box || link.sends !== direction) continue;
      this.#deliverLater(link, parcel, () => {});
    }
  }

  /** Ends every link of a box; each side learns of it by itself, or has to find out. */
  cut(box: string): void {
    for (const link of [...this.#links]) {
      if (link.box !== box || link.isEnded) continue;
      link.isBroken = true;
      if (this.#chanceOf(box).happens(0.8)) this.#endLater(link, 'cut');
    }
  }

  /** The hub ends a peer's links at once. */
  kick(key: PeerKey): void {
    for (const link of [...this.#links]) {
      if (link.sends === 'to-agent' && link.peerKey === key) link.close('kicked');
    }
  }

  /** A process died, and its links with it. */
  kill(owner: Incarnation): void {
    this.closeDoor(owner);
    for (const link of [...this.#links]) {
      if (link.owner !== owner) continue;
      link.drop();
      link.peer.isBroken = true;
      this.#links.delete(link);
      if (this.#chanceOf(link.box).happens(0.5)) this.#endLater(link.peer, 'reset');
    }
  }

  /** All partitions and all bad weather end. */
  heal(): void {
    this.weather = calm;
    this.#spikeUntil = 0;
    this.#dataLostUntil.clear();
    this.#blockedUntil.clear();
  }

  // For the links.

  carry(from: SimLink, bytes: Uint8Array): void {
    const { clock, trace, passes } = this.#parts;
    const chance = this.#chanceOf(from.box);
    trace.mix(bytes.length);
    const parcel = new Parcel(bytes);
    passes(from, parcel);
    if (trace.isVerbose) trace.show(`${this.#label(from)} ${describeFrame(bytes)}`);
    const { loss, lossWays, double } = this.weather;
    const isLossy = loss > 0 && (lossWays === 'both' || lossWays === from.sends);
    const isDropped =
      from.isBroken ||
      (parcel.kind === 'data' && clock.nowMs < (this.#dataLostUntil.get(from.box) ?? 0)) ||
      (isLossy && (this.#isBlocked(from.box, from.sends) || chance.happens(loss)));
    if (isDropped) {
      trace.show('  └ lost');
      clock.after(this.#drawDelay(from.box), () => from.noteTaken(bytes.length));
      return;
    }
    this.#deliverLater(from, parcel, () => from.noteTaken(bytes.length));
    if (chance.happens(double)) this.#deliverLater(from, parcel, () => {});
  }

  ended(from: SimLink, reason: string): void {
    if (reason === 'SEND_OVERFLOW') this.#parts.overflowed(from);
    this.#links.delete(from);
    const isUnheard =
      from.isBroken ||
      this.#isBlocked(from.box, from.sends) ||
      this.#chanceOf(from.box).happens(this.weather.silentEnd);
    from.peer.isBroken = true;
    if (!isUnheard) this.#endLater(from.peer, `closed by peer: ${reason}`);
  }

  soon(run: () => void): void {
    this.#parts.clock.after(0, run);
  }

  #connect(dialler: Dialler, door: OpenDoor): SimLink {
    const { box, key, hub, owner } = dialler;
    const near = new SimLink({ carriage: this, owner, peerKey: hub, box, sends: 'to-hub' });
    const far = new SimLink({
      carriage: this,
      owner: door.owner,
      peerKey: key,
      box,
      sends: 'to-agent',
    });
    near.connect(far);
    far.connect(near);
    this.#links.add(near).add(far);
    door.accept(far);
    return near;
  }

  #deliverLater(from: SimLink, parcel: Parcel, taken: () => void): void {
    const { clock, trace, arrived } = this.#parts;
    const { bytes } = parcel;
    const chance = this.#chanceOf(from.box);
    const { nowMs } = clock;
    let at = Math.max(nowMs, this.#findBlockEnd(from.box, from.sends)) + this.#drawDelay(from.box);
    if (!chance.happens(this.weather.overtake)) {
      at = Math.max(at, from.lastArrivalAt);
      from.lastArrivalAt = at;
    }
    clock.at(at, () => {
      const { peer } = from;
      if (peer.owner.isDead || peer.isEnded) return;
      trace.mix(bytes.length);
      arrived(from, parcel);
      peer.owner.run(() => {
        taken();
        peer.deliver(bytes);
      });
    });
  }

  #endLater(link: SimLink, reason: string): void {
    const { clock } = this.#parts;
    const at = Math.max(clock.nowMs + this.#drawDelay(link.box), link.peer.lastArrivalAt);
    clock.at(at, () => {
      this.#links.delete(link);
      link.owner.run(() => link.end(reason));
    });
  }

  #isBlocked(box: string, direction: Direction): boolean {
    return this.#findBlockEnd(box, direction) > this.#parts.clock.nowMs;
  }

  #findBlockEnd(box: string, direction: Direction): number {
    return this.#blockedUntil.size === 0 ? 0 : (this.#blockedUntil.get(`${box} ${direction}`) ?? 0);
  }

  /** Every box has weather of its own: what one sends does not change what befalls another. */
  #chanceOf(box: string): Chance {
    const known = this.#chances.get(box);
    if (known !== undefined) return known;
    const fresh = this.#parts.chance.name(box);
    this.#chances.set(box, fresh);
    return fresh;
  }

  #drawDelay(box: string): number {
    const { clock } = this.#parts;
    const chance = this.#chanceOf(box);
    const delayMs = chance.between(...this.weather.delayMs);
    return clock.nowMs < this.#spikeUntil ? delayMs + chance.between(100, 2000) : delayMs;
  }

  #label(from: SimLink): string {
    return from.sends === 'to-hub' ? `${from.box} → hub` : `hub → ${from.box}`;
  }
}

/** Would a program take it as a frame? */
function isSound(bytes: Uint8Array): boolean {
  try {
    decodeFrame(bytes);
    return true;
  } catch {
    return false;
  }
}
