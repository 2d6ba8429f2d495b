/*
 * What each worker may have of its logs under way: equal shares of one total, of those who send.
 */
import { describe, expect, test } from 'vitest';
import { logActiveMs, logUnderWayBytesMax } from '../../../cockpit/hub/limits.ts';
import { LogWindows } from '../../../cockpit/hub/log-windows.ts';
import { logWindowBytesMax, logWindowBytesMin } from '../../../protocol/limits.ts';

function open() {
  const clock = { now: 1000, monotonicMs: () => clock.now };
  return { clock, windows: new LogWindows(clock) };
}

const nameWorkers = (count: number) => Array.from({ length: count }, (_, n) => `w${n}`);

describe('log windows', () => {
  test('log windows: one alone has the most that one may have, many an equal share each', () => {
    const { windows } = open();
    expect(windows.find()).toBe(logWindowBytesMax);
    windows.note('a');
    windows.note('a');
    expect(windows.find()).toBe(logWindowBytesMax);
    for (const worker of nameWorkers(50)) windows.note(worker);
    expect(windows.find()).toBe(Math.floor(logUnderWayBytesMax / 51));
  });

  test('log windows: who pauses keeps its share for a while, who stays away leaves it to the others', () => {
    const { clock, windows } = open();
    for (const worker of nameWorkers(4)) windows.note(worker);
    clock.now += logActiveMs;
    windows.note('w2');
    expect(windows.find()).toBe(logUnderWayBytesMax / 4);
    clock.now += 1;
    expect(windows.find()).toBe(logWindowBytesMax);
    windows.note('w0');
    expect(windows.find()).toBe(logUnderWayBytesMax / 2);
  });

  test('log windows: nobody’s share is less than the least, however many there are', () => {
    const { windows } = open();
    for (const worker of nameWorkers(1000)) windows.note(worker);
    expect(windows.find()).toBe(logWindowBytesMin);
  });
});
