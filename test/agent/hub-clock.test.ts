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

describe('hub clock', () => {
  test('hub clock: nothing is known before the first answer, nor of work without a deadline', () => {
    const { clock, asked } = makeClock();
    expect(clock.findLeftMs(9000)).toBeUndefined();
    clock.noteTold(5000, asked);
    expect(clock.findLeftMs(undefined)).toBeUndefined();
    expect(clock.findLeftMs(9000)).toBe(4000);
  });

  test('hub clock: all the time since it asked may have passed at the hub', () => {
    const { clock, time, asked } = makeClock();
    time.monotonicMs = 3000;
    clock.noteTold(5000, asked);
    expect(clock.findLeftMs(9000)).toBe(1000);
  });

  test('hub clock: an answer that came quickly takes the place of one that was long under way', () => {
    const { clock, time, asked } = makeClock();
    time.monotonicMs = 3000;
    clock.noteTold(5000, asked);
    clock.noteTold(5100, { monotonicMs: 2900, uptimeMs: 2900 });
    expect(clock.findLeftMs(9000)).toBe(3800);
  });

  test('hub clock: a hub whose clock was set is followed from its next answer on', () => {
    const { clock, time, asked } = makeClock();
    clock.noteTold(5000, asked);
    time.monotonicMs = 1000;
    clock.noteTold(86_400_000, { monotonicMs: 1000, uptimeMs: 1000 });
    expect(clock.findLeftMs(86_401_000)).toBe(1000);
    expect(clock.findLeftMs(9000)).toBeLessThan(0);
  });

  test('hub clock: a box that slept counts the time of its sleep', () => {
    const { clock, time, asked } = makeClock();
    clock.noteTold(5000, asked);
    Object.assign(time, { monotonicMs: 10, uptimeMs: 8000 });
    expect(clock.findLeftMs(9000)).toBeLessThan(0);
  });
});
