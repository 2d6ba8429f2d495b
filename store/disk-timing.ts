/*
 * How long a simulated disk takes, and by whose clock and chance.
 *
 * Both in-memory stores (rows and logs) take this, so that a simulation decides every delay from
 * its seed. Nothing here reads a clock or sets a timer of its own.
 */
import type { Random, Timers } from '../protocol/ports.ts';

/** The world as a simulated disk sees it. `syncMs` are the shortest and longest synced write. */
export interface DiskTiming {
  readonly timers: Timers;
  readonly random: Random;
  readonly syncMs: readonly [min: number, max: number];
}

/** A disk that answers on the next microtask and, in a crash, keeps nothing that was not synced. */
export function instantTiming(): DiskTiming {
  return {
    timers: {
      after(_delayMs, run) {
        let isCancelled = false;
        queueMicrotask(() => {
          if (!isCancelled) run();
        });
        return () => {
          isCancelled = true;
        };
      },
    },
    random: { bytes: (count) => new Uint8Array(count), fraction: () => 0 },
    syncMs: [0, 0],
  };
}

/** Draws how long one synced write takes, in milliseconds. */
export function drawSyncMs({ random, syncMs: [min, max] }: DiskTiming): number {
  return min + random.fraction() * (max - min);
}

/** Draws how long a write into the page cache takes: under a millisecond on any disk. */
export function drawBufferedMs({ random }: DiskTiming): number {
  return random.fraction();
}

/** Draws a whole number from zero to `max`, both included: how many of `max` writes a crash kept. */
export function drawCount(random: Random, max: number): number {
  return Math.min(max, Math.floor(random.fraction() * (max + 1)));
}
