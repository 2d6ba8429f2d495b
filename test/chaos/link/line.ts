/*
 * What a bad line does to datagrams, decided from a seed: when each copy of one comes out.
 *
 * One line is one direction of one agent's link. Planning is separate from carrying, so that it can
 * be tried without sockets. Invariant: what comes out went in; nothing is altered, because UDP's
 * checksum would have dropped it.
 */
import type { Chance } from '../../sim/chance.ts';

/** How bad a line is. Shares are 0 to 1, times milliseconds. */
export interface LineShape {
  readonly lossShare: number;
  readonly doubleShare: number;
  /** Of those that pass, how many come late enough to be overtaken. */
  readonly lateShare: number;
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Bytes a second; undefined for no limit. */
  readonly bytesPerSecond?: number;
  /** Nothing passes and nobody is told. */
  readonly isCut: boolean;
}

/** A line that does nothing to anything. */
export const cleanLine: LineShape = {
  lossShare: 0,
  doubleShare: 0,
  lateShare: 0,
  delayMs: 0,
  jitterMs: 0,
  isCut: false,
};

/** The line that the checks call bad: 20 % lost, 5 % doubled, reordered, 100 ms there and back. */
export const badLine: LineShape = {
  lossShare: 0.2,
  doubleShare: 0.05,
  lateShare: 0.05,
  delayMs: 45,
  jitterMs: 10,
  isCut: false,
};

/** What was done to datagrams on one line so far. */
export interface LineCounts {
  readonly passed: number;
  readonly lost: number;
  readonly doubled: number;
  readonly late: number;
  readonly bytes: number;
}

/** A datagram waits at most so long for a slow line, as in a router's queue; then it is lost. */
const queueMsMax = 400;

/** One direction of one link. */
export class Line {
  shape: LineShape = cleanLine;
  readonly #chance: Chance;
  readonly #counts = { passed: 0, lost: 0, doubled: 0, late: 0, bytes: 0 };
  /** When the last byte that was let in will have left. */
  #busyUntil = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  get counts(): LineCounts {
    return { ...this.#counts };
  }

  /** When each copy comes out, milliseconds on the clock of `nowMs`; none when it is lost. */
  plan(sizeBytes: number, nowMs: number): readonly number[] {
    const { shape } = this;
    const outAt = this.#queue(sizeBytes, nowMs);
    if (shape.isCut || outAt === undefined || this.#chance.happens(shape.lossShare)) {
      this.#counts.lost += 1;
      return [];
    }
    this.#counts.passed += 1;
    this.#counts.bytes += sizeBytes;
    const first = outAt + this.#delay();
    if (!this.#chance.happens(shape.doubleShare)) return [first];
    this.#counts.doubled += 1;
    return [first, outAt + this.#delay()];
  }

  #delay(): number {
    const { delayMs, jitterMs, lateShare } = this.shape;
    const isLate = this.#chance.happens(lateShare);
    if (isLate) this.#counts.late += 1;
    return delayMs * (isLate ? 1.5 : 1) + this.#chance.between(0, jitterMs);
  }

  #queue(sizeBytes: number, nowMs: number): number | undefined {
    const { bytesPerSecond } = this.shape;
    if (bytesPerSecond === undefined) return nowMs;
    const from = Math.max(nowMs, this.#busyUntil);
    if (from - nowMs > queueMsMax) return undefined;
    this.#busyUntil = from + (sizeBytes / bytesPerSecond) * 1000;
    return this.#busyUntil;
  }
}
