/*
 * A small simulated world for the tests of the store: a clock that jumps, and chance from a seed.
 *
 * Time passes only when a test lets it; the real clock is never read.
 */
import type { Random, Timers } from '../../protocol/ports.ts';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Time and chance, both under the test's hand. */
export interface World {
  readonly timers: Timers;
  readonly random: Random;
  nowMs(): number;
  /** Runs the next timer; false when there was none. */
  step(): Promise<boolean>;
  /** Lets time pass until the promise settles, and gives what it gave. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** Lets time pass until no timer is left. */
  drain(): Promise<void>;
}

/** A world of its own for each seed. Source of the generator: mulberry32, public domain. */
export function createWorld(seed: number): World {
  let state = seed;
  let now = 0;
  let order = 0;
  const pending = new Set<Pending>();
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const step = async (): Promise<boolean> => {
    // One turn of the event loop, so that all microtasks have run before time passes.
    await new Promise((resolve) => setImmediate(resolve));
    const next = [...pending].sort((a, b) => a.at - b.at || a.order - b.order)[0];
    if (next === undefined) return false;
    pending.delete(next);
    now = Math.max(now, next.at);
    next.run();
    return true;
  };
  return {
    timers: {
      after(delayMs, run) {
        order += 1;
        const timer = { at: now + delayMs, order, run };
        pending.add(timer);
        return () => {
          pending.delete(timer);
        };
      },
    },
    random: {
      fraction,
      bytes: (count) => Uint8Array.from({ length: count }, () => fraction() * 256),
    },
    nowMs: () => now,
    step,
    async settle(promise) {
      let isSettled = false;
      const mark = (): void => {
        isSettled = true;
      };
      promise.then(mark, mark);
      while (!isSettled && (await step()));
      if (!isSettled) await new Promise((resolve) => setImmediate(resolve));
      if (!isSettled) throw new Error('no timer is left and the promise has not settled');
      return promise;
    },
    async drain() {
      while (await step());
    },
  };
}
