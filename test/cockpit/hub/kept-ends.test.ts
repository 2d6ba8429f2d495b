/*
 * When a worker is told that the ends which it told ahead are on the hub's disk.
 */
import { expect, test } from 'vitest';
import { KeptEnds } from '../../../cockpit/hub/kept-ends.ts';
import { ackRowsMax, ackWaitMs } from '../../../protocol/limits.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';

function open() {
  const ports = new FakePorts();
  const sent: (readonly AttemptId[])[] = [];
  const send = (attempts: readonly AttemptId[]) => void sent.push(attempts);
  return { ports, sent, kept: new KeptEnds({ timers: ports.timers, send }) };
}

test('kept ends: those of a moment are told together, and each once', async () => {
  const { kept, ports, sent } = open();
  kept.note(['J1.1']);
  await ports.advance(ackWaitMs - 1);
  kept.note(['J2.1', 'J3.1']);
  expect(sent).toEqual([]);
  await ports.advance(1);
  expect(sent).toEqual([['J1.1', 'J2.1', 'J3.1']]);
  await ports.advance(10 * ackWaitMs);
  kept.note([]);
  expect([sent.length, ports.timerCount]).toEqual([1, 0]);
});

test('kept ends: so many wait for nothing, in frames of so many', () => {
  const { kept, sent } = open();
  const attempts = Array.from({ length: ackRowsMax + 1 }, (_, n): AttemptId => `J${n + 1}.1`);
  kept.note(attempts);
  expect(sent.map(({ length }) => length)).toEqual([ackRowsMax, 1]);
  expect(sent.flat()).toEqual(attempts);
});

test('kept ends: what a link leaves untold is told on no other', async () => {
  const { kept, ports, sent } = open();
  kept.note(['J1.1']);
  kept.clear();
  await ports.advance(10 * ackWaitMs);
  expect(sent).toEqual([]);
});
