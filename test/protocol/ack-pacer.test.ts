/*
 * When acknowledgements leave: a moment later, together, and at once where many messages wait.
 */
import { describe, expect, test } from 'vitest';
import { AckPacer } from '../../protocol/ack-pacer.ts';
import { ackRowsMax, ackWaitMs } from '../../protocol/limits.ts';
import { FakePorts } from './fake-ports.ts';

function openPacer() {
  const ports = new FakePorts();
  const sent: number[] = [];
  const pacer = new AckPacer({ timers: ports.timers, send: (received) => sent.push(received) });
  return { pacer, ports, sent };
}

describe('ack pacer', () => {
  test('ack pacer: what is applied within a moment is acknowledged once, by the last of it', async () => {
    const { pacer, ports, sent } = openPacer();
    pacer.applied(1);
    await ports.advance(ackWaitMs - 1);
    pacer.applied(2);
    expect(sent).toEqual([]);
    await ports.advance(1);
    expect(sent).toEqual([2]);
    await ports.advance(10 * ackWaitMs);
    expect(sent).toEqual([2]);
    pacer.applied(3);
    await ports.advance(ackWaitMs);
    expect(sent).toEqual([2, 3]);
  });

  test('ack pacer: so many messages are acknowledged at once, one fewer waits', async () => {
    const { pacer, ports, sent } = openPacer();
    pacer.applied(ackRowsMax - 1);
    expect(sent).toEqual([]);
    pacer.applied(ackRowsMax);
    expect(sent).toEqual([ackRowsMax]);
    await ports.advance(ackWaitMs);
    expect(sent).toEqual([ackRowsMax]);
  });

  test('ack pacer: what the peer was told by other means is not said again', async () => {
    const { pacer, ports, sent } = openPacer();
    pacer.applied(5);
    pacer.told(5);
    await ports.advance(ackWaitMs);
    expect(sent).toEqual([]);
  });

  test('ack pacer: a stream that begins anew is acknowledged by its own numbers', async () => {
    const { pacer, ports, sent } = openPacer();
    pacer.applied(10);
    pacer.told(0);
    await ports.advance(ackWaitMs);
    pacer.applied(1);
    await ports.advance(ackWaitMs);
    expect(sent).toEqual([1]);
  });

  test('ack pacer: one that is stopped says nothing more', async () => {
    const { pacer, ports, sent } = openPacer();
    pacer.applied(1);
    pacer.stop();
    await ports.advance(ackWaitMs);
    expect([sent, ports.timerCount]).toEqual([[], 0]);
  });
});
