/*
 * What an agent knows of its hub's clock: never too little time gone, by whatever clock it asks.
 */
import { describe, expect, test } from 'vitest';
import { HubClock } from '../../agent/hub-clock.ts';

/** A clock of both kinds that a test moves, and what was asked of it at the beginning. */
function makeClock() {
  const time = { monotonicMs: 0, uptimeMs: 0 };
  const clock = new HubClock({
    monotonicMs: () => time.monotonicMs,
    uptimeMs: () => time.uptimeMs,
    wallMs: () => 0,
  });
  return { time, clock, asked: { ...time } };
}

/** Issued long ago, with this deadline. */
const until = (expiresAt: number) => ({ issuedAt: 0, expiresAt });

describe('hub clock', () => {
  test('hub clock: nothing is known before the first answer, nor of work without a deadline', () => {
    const { clock, asked } = makeClock();
    expect(clock.findLeftMs(until(9000))).toBeUndefined();
    clock.noteTold(5000, asked);
    expect(clock.findLeftMs({ issuedAt: 0 })).toBeUndefined();
    expect(clock.findLeftMs(until(9000))).toBe(4000);
  });

  test('hub clock: all the time since it asked may have passed at the hub', () => {
    const { clock, time, asked } = makeClock();
    time.monotonicMs = 3000;
    clock.noteTold(5000, asked);
    expect(clock.findLeftMs(until(9000))).toBe(1000);
  });

  test('hub clock: an answer that came quickly takes the place of one that was long under way', () => {
    const { clock, time, asked } = makeClock();
    time.monotonicMs = 3000;
    clock.noteTold(5000, asked);
    clock.noteTold(5100, { monotonicMs: 2900, uptimeMs: 2900 });
    expect(clock.findLeftMs(until(9000))).toBe(3800);
  });

  test('hub clock: a hub whose clock was set is followed from its next answer on', () => {
    const { clock, time, asked } = makeClock();
    clock.noteTold(5000, asked);
    time.monotonicMs = 1000;
    clock.noteTold(86_400_000, { monotonicMs: 1000, uptimeMs: 1000 });
    expect(clock.findLeftMs(until(86_401_000))).toBe(1000);
    expect(clock.findLeftMs(until(9000))).toBeLessThan(0);
  });

  const dayMs = 86_400_000;

  test('hub clock: set back during a link, what was issued before has no more time than it was given', () => {
    const { clock, time, asked } = makeClock();
    clock.noteTold(2 * dayMs, asked);
    time.monotonicMs = 1000;
    clock.noteTold(dayMs + 1000, { monotonicMs: 1000, uptimeMs: 1000 });
    // In transit while it was set: else it could start a day late.
    expect(clock.findLeftMs({ issuedAt: 2 * dayMs, expiresAt: 2 * dayMs + 30_000 })).toBe(30_000);
    // And what is issued from now on has all of its time.
    const fresh = { issuedAt: dayMs + 1000, expiresAt: dayMs + 31_000 };
    expect(clock.findLeftMs(fresh)).toBe(30_000);
  });

  test('hub clock: set forward during a link, what was issued before is over too early, and not too late', () => {
    const { clock, time, asked } = makeClock();
    clock.noteTold(dayMs, asked);
    time.monotonicMs = 1000;
    clock.noteTold(2 * dayMs, { monotonicMs: 1000, uptimeMs: 1000 });
    // The hub's own line for what waits goes by its wall clock too, and asks its M2.
    expect(clock.findLeftMs({ issuedAt: dayMs, expiresAt: dayMs + 30_000 })).toBeLessThan(0);
    const fresh = { issuedAt: 2 * dayMs, expiresAt: 2 * dayMs + 30_000 };
    expect(clock.findLeftMs(fresh)).toBe(30_000);
  });

  test('hub clock: a lease is the same whatever the hub says of its clock', () => {
    const { clock, time, asked } = makeClock();
    time.monotonicMs = 4000;
    for (const wallMs of [0, dayMs, 30 * dayMs]) {
      clock.noteTold(wallMs, { monotonicMs: 4000, uptimeMs: 4000 });
      expect(clock.findLeaseLeftMs(asked, 10_000)).toBe(6000);
    }
  });

  test('hub clock: a box that slept counts the time of its sleep', () => {
    const { clock, time, asked } = makeClock();
    clock.noteTold(5000, asked);
    Object.assign(time, { monotonicMs: 10, uptimeMs: 8000 });
    expect(clock.findLeftMs(until(9000))).toBeLessThan(0);
  });
});
