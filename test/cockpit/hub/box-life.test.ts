/*
 * What workers say of their own life: questions that are open side by side.
 *
 * The hub is as much of one as the class asks for; the worker's words are the test's own.
 */
import { expect, test } from 'vitest';
import { BoxLife, type BoxLifeParts } from '../../../cockpit/hub/box-life.ts';
import type { OwnerFrame } from '../../../protocol/frames.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';
import { alice, bob } from './hub-bench.ts';

function openLife() {
  const ports = new FakePorts();
  const life = new BoxLife({ ports } as unknown as BoxLifeParts);
  const asked: OwnerFrame[] = [];
  const send = (frame: OwnerFrame) => {
    asked.push(frame);
    return 'sent' as const;
  };
  const idOf = (at: number) => (asked[at] as { readonly id: number }).id;
  return { ports, life, send, idOf };
}

test('box life: who is told to leave answers that, though another asks what it owes meanwhile', async () => {
  const { life, send, idOf } = openLife();
  const leaving = life.askToLeave(alice, { discard: [], isPlan: false }, send);
  const plan = life.askToLeave(alice, { discard: [], isPlan: true }, send);
  life.take(bob, { t: 'leave', id: idOf(0), as: 'refused', owed: [] }, send);
  life.take(alice, { t: 'leave', id: idOf(1), as: 'would', owed: [] }, send);
  life.take(alice, { t: 'leave', id: idOf(0), as: 'leaving', owed: [] }, send);
  expect((await plan).as).toBe('would');
  expect((await leaving).as).toBe('leaving');
});

test('box life: a worker that does not know the question says so to all who asked, and silence has its end', async () => {
  const { ports, life, send } = openLife();
  const wish = { discard: [], isPlan: true };
  const both = [life.askToLeave(alice, wish, send), life.askToLeave(alice, wish, send)];
  const other = life.askToLeave(bob, wish, send);
  life.take(alice, { t: 'nak', code: 'FRAME_UNKNOWN', message: 'no kind "leave-ask"' }, send);
  expect((await Promise.all(both)).map(({ as }) => as)).toEqual(['unknown', 'unknown']);
  await ports.advance(60_000);
  expect((await other).as).toBe('silent');
  expect(ports.timerCount).toBe(0);
});
