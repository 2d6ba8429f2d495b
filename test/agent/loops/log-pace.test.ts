/*
 * How many bytes of logs may be under way: many where acks come soon, few where they come late.
 */
import { describe, expect, test } from 'vitest';
import { logDelayMsMax, logDelayMsMin, logPaceBytesMin } from '../../../agent/limits.ts';
import { LogPace } from '../../../agent/loops/log-pace.ts';
import {
  logChunkBytesMax,
  logFrameBytesMax,
  logWindowBytesDefault,
  logWindowBytesMax,
} from '../../../protocol/limits.ts';

/** So many chunks, each acknowledged after so long. */
function pass(pace: LogPace, delayMs: number, count: number): void {
  for (let n = 1; n <= count; n += 1) {
    pace.sent('J1.1', n, 0);
    pace.acked('J1.1', n, delayMs);
  }
}

describe('log pace', () => {
  test('log pace: soon acknowledged it grows up to the grant, late it shrinks to its least', () => {
    const pace = new LogPace();
    expect(pace.window).toBe(logPaceBytesMin);
    pass(pace, logDelayMsMin - 1, 1);
    expect(pace.window).toBe(2 * logPaceBytesMin);
    pass(pace, logDelayMsMin - 1, 9);
    expect(pace.window).toBe(logWindowBytesDefault);
    pace.grant(logWindowBytesMax);
    expect(pace.window).toBe(logWindowBytesMax);
    pass(pace, logDelayMsMax + 1, 1);
    expect(pace.window).toBe(logWindowBytesMax / 2);
    pass(pace, logDelayMsMax + 1, 20);
    expect(pace.window).toBe(logPaceBytesMin);
    pass(pace, logDelayMsMin - 1, 1);
    expect(pace.window).toBe(2 * logPaceBytesMin);
  });

  test('log pace: between the bounds it stays, and a grant is never exceeded', () => {
    const pace = new LogPace();
    pass(pace, logDelayMsMin, 3);
    pass(pace, logDelayMsMax, 3);
    expect(pace.window).toBe(logPaceBytesMin);
    pace.grant(100_000);
    expect(pace.window).toBe(100_000);
    pace.grant(1e12);
    pass(pace, 0, 9);
    expect(pace.window).toBe(logWindowBytesMax);
  });

  test('log pace: one chunk is timed, by the ack of its own log that reaches it', () => {
    const pace = new LogPace();
    pass(pace, 0, 3);
    const before = pace.window;
    expect(before).toBe(8 * logPaceBytesMin);
    pace.sent('J1.1', 100, 0);
    pace.sent('J1.1', 200, 1);
    pace.acked('J1.1', 99, 10_000);
    pace.acked('J2.1', 500, 10_000);
    expect(pace.window).toBe(before);
    pace.acked('J1.1', 200, logDelayMsMax + 1);
    expect(pace.window).toBe(before / 2);
    pace.sent('J1.1', 300, 0);
    pace.forget();
    pace.acked('J1.1', 300, 10_000);
    expect(pace.window).toBe(before / 2);
  });

  test('log pace: a frame takes a quarter of the window, a chunk at least, and never more than it', () => {
    const pace = new LogPace();
    expect(pace.frameBytes).toBe(logChunkBytesMax);
    pass(pace, 0, 2);
    expect([pace.window, pace.frameBytes]).toEqual([4 * logPaceBytesMin, logPaceBytesMin]);
    pace.grant(logWindowBytesMax);
    pass(pace, 0, 9);
    expect([pace.window, pace.frameBytes]).toEqual([logWindowBytesMax, logFrameBytesMax]);
    pace.grant(logChunkBytesMax / 2);
    expect(pace.frameBytes).toBe(logChunkBytesMax / 2);
  });
});
