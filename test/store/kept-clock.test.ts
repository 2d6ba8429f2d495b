/*
 * The clock by which old things go, over the starts of its processes.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { KeptClock } from '../../store/kept-clock.ts';
import type { Kv } from '../../store/kv.ts';
import { clockLeapMsMax, clockLeapTrustMs, clockSaveMs } from '../../store/limits.ts';
import { instantDisk, openMemoryKv } from '../../store/memory.ts';
import { FakePorts } from '../protocol/fake-ports.ts';

let kv: Kv;
let ports: FakePorts;
let writeCount: number;

beforeEach(async () => {
  const inner = await openMemoryKv(instantDisk());
  writeCount = 0;
  kv = {
    get: (key) => inner.get(key),
    range: (range) => inner.range(range),
    snapshot: () => inner.snapshot(),
    batch: (ops, how) => {
      writeCount += 1;
      return inner.batch(ops, how);
    },
    close: () => inner.close(),
  };
  ports = new FakePorts();
});

/** Another process: its monotonic clock begins anew, wherever that is. */
function start(name: 'keep-clock' | 'audit-clock' = 'keep-clock'): KeptClock {
  const before = ports.clock.wallMs();
  ports.nowMs = 5;
  ports.wallStartMs = before - 5;
  return new KeptClock({ kv, clock: ports.clock, name });
}

describe('kept clock', () => {
  test('kept clock: what a first process is told is believed', async () => {
    expect(await start().read()).toBe(ports.clock.wallMs());
  });

  test('kept clock: up to a day away is believed at once, over it only once that has stood for a day', async () => {
    await start().read();
    ports.wallStartMs += clockLeapMsMax;
    expect(await start().read()).toBe(ports.clock.wallMs());
    const believed = ports.clock.wallMs();
    ports.wallStartMs += clockLeapMsMax + 1;
    const clock = start();
    expect(await clock.read()).toBe(believed);
    await ports.advance(clockLeapTrustMs - 1);
    expect(await clock.read()).toBe(believed + clockLeapTrustMs - 1);
    await ports.advance(1);
    expect(await clock.read()).toBe(ports.clock.wallMs());
    await ports.advance(clockSaveMs);
    await clock.read();
    expect(await start().read()).toBe(ports.clock.wallMs());
  });

  test('kept clock: short processes come through a doubt together', async () => {
    await start().read();
    ports.wallStartMs += 10 * clockLeapMsMax;
    let days = 0;
    for (; (await start().read()) !== ports.clock.wallMs(); days += 1) {
      const clock = start();
      await clock.read();
      await ports.advance(clockLeapTrustMs / 4);
      await clock.read();
      expect(days).toBeLessThan(5);
    }
    expect(days).toBe(4);
  });

  test('kept clock: one that is set back is believed at once, by a process that starts too', async () => {
    const believed = await start().read();
    ports.wallStartMs -= 10 * clockLeapMsMax;
    expect(await start().read()).toBe(believed - 10 * clockLeapMsMax);
  });

  test('kept clock: it is written now and then, and each has its own', async () => {
    const clock = start();
    for (let reads = 0; reads < 5; reads += 1) await clock.read();
    expect(writeCount).toBe(1);
    await ports.advance(clockSaveMs);
    await clock.read();
    expect(writeCount).toBe(2);
    ports.wallStartMs += 10 * clockLeapMsMax;
    expect(await start('audit-clock').read()).toBe(ports.clock.wallMs());
  });
});
