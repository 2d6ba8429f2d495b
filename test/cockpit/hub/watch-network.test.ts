/*
 * A box that is carried to another place, or slept, is noticed; one that stays is not.
 */
import { expect, test } from 'vitest';
import { networkLookMs, sleptMsMin } from '../../../cockpit/hub/limits.ts';
import { watchNetwork } from '../../../cockpit/hub/watch-network.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';

function watch(ports: FakePorts) {
  const box = { addresses: ['127.0.0.1', '192.0.2.7'], changes: 0, uptimeAheadMs: 0 };
  const clock = { ...ports.clock, uptimeMs: () => ports.nowMs + box.uptimeAheadMs };
  const changed = () => {
    box.changes += 1;
  };
  const list = () => box.addresses;
  const stop = watchNetwork({ ports: { ...ports, clock, timers: ports.timers }, list, changed });
  return { box, stop };
}

test('network: other addresses are told once, their order is no matter', async () => {
  const ports = new FakePorts();
  const { box, stop } = watch(ports);
  box.addresses = ['192.0.2.7', '127.0.0.1'];
  await ports.advance(3 * networkLookMs);
  expect(box.changes).toBe(0);
  box.addresses = ['127.0.0.1', '198.51.100.3'];
  await ports.advance(3 * networkLookMs);
  expect(box.changes).toBe(1);
  stop();
  expect(ports.timerCount).toBe(0);
});

test('network: a box that was asleep looks again, one that was only busy does not', async () => {
  const ports = new FakePorts();
  const { box, stop } = watch(ports);
  box.uptimeAheadMs = sleptMsMin;
  await ports.advance(networkLookMs);
  expect(box.changes).toBe(0);
  box.uptimeAheadMs = 3 * sleptMsMin;
  await ports.advance(networkLookMs);
  expect(box.changes).toBe(1);
  stop();
});
