/*
 * The loop that ends work in time, also on a box that slept.
 */
import { expect, test } from 'vitest';
import { deadlineLookMs } from '../../../agent/limits.ts';
import { WatchWork } from '../../../agent/loops/watch-work.ts';
import { assign, openBench, processMark } from '../desk-bench.ts';

const hourMs = 60 * 60 * 1000;

async function openWatch(leftMs = () => hourMs) {
  const { desk, ports, take, asked } = await openBench();
  const failed = (error: unknown) => {
    throw error;
  };
  const watch = new WatchWork({
    ...{ desk, ports, failed, leftMs, leaseLeftMs: (termMs) => termMs },
    policies: { runMsMax: undefined },
  });
  await take(assign('J1.1'));
  await desk.step('J1.1', { type: 'start' });
  await desk.step('J1.1', { type: 'spawned', at: 5, process: processMark });
  watch.wake();
  return { watch, ports, desk, asked };
}

test('watch work: a deadline is that of a box that is awake, to the millisecond', async () => {
  const { ports, asked, watch } = await openWatch();
  await ports.advance(hourMs - 1);
  expect(asked).not.toContain('end J1.1');
  await ports.advance(1);
  expect(asked).toContain('end J1.1');
  watch.stop();
});

test('watch work: the time that the box slept counts, although its timers stood still', async () => {
  const { ports, asked, desk, watch } = await openWatch();
  await ports.advance(1000);
  const { uptimeMs } = ports.clock;
  ports.clock.uptimeMs = () => uptimeMs() + 8 * hourMs;
  await ports.advance(deadlineLookMs);
  expect(asked).toContain('end J1.1');
  expect(desk.find('J1.1')?.state).toMatchObject({ is: 'running', endCause: 'deadline' });
  watch.stop();
});

test('watch work: what runs keeps the time that it had, though the clock of the hub is set meanwhile', async () => {
  const told = { leftMs: hourMs };
  const { ports, asked, watch } = await openWatch(() => told.leftMs);
  for (const byMs of [-48 * hourMs, 48 * hourMs]) {
    told.leftMs = hourMs + byMs;
    watch.wake();
    expect(asked).not.toContain('end J1.1');
  }
  await ports.advance(hourMs);
  expect(asked).toContain('end J1.1');
  watch.stop();
});
