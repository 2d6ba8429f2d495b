/*
 * Holding new work back, what is owed, and the last word: decided without a process or a link.
 */
import { describe, expect, test } from 'vitest';
import type { HeldAttempt } from '../../agent/attempts.ts';
import { Drain, type DrainState } from '../../agent/drain.ts';
import { Farewell } from '../../agent/farewell.ts';
import { byeMsMax } from '../../agent/limits.ts';
import { listOwed } from '../../agent/owed.ts';
import type { OwnerFrame } from '../../protocol/frames.ts';
import { FakePorts } from '../protocol/fake-ports.ts';

function openDrain() {
  const said: OwnerFrame[] = [];
  const counts = { running: 1, terminals: 0, waiting: 2 };
  let resumed = 0;
  const drain = new Drain({
    count: () => ({ ...counts }),
    send: (frame) => said.push(frame),
    resumed: () => {
      resumed += 1;
    },
    noticed: () => undefined,
  });
  return { drain, said, counts, resumedCount: () => resumed };
}

describe('drain', () => {
  test('drain: it holds while anybody does, and the hub hears of the first and of the last', () => {
    const { drain, said, resumedCount } = openDrain();
    const first = drain.hold('upgrade', () => undefined);
    const second = drain.hold('leave', () => undefined);
    expect(drain.why).toBe('upgrade');
    first();
    expect({ why: drain.why, resumed: resumedCount() }).toEqual({ why: 'leave', resumed: 0 });
    second();
    second();
    expect({ why: drain.why, resumed: resumedCount() }).toEqual({ why: null, resumed: 1 });
    expect(said).toEqual([
      { t: 'draining', why: 'upgrade' },
      { t: 'draining', why: null },
    ]);
  });

  test('drain: who holds hears how far it is now, and again only when that changed', () => {
    const { drain, counts } = openDrain();
    const told: DrainState[] = [];
    const release = drain.hold('upgrade', (state) => told.push(state));
    drain.changed();
    counts.running = 0;
    drain.changed();
    release();
    counts.running = 3;
    drain.changed();
    expect(told.map(({ running }) => running)).toEqual([1, 0]);
  });
});

describe('owed', () => {
  const held = (attempt: string, state: string, more: object = {}) =>
    ({ attempt, state: { is: state }, ...more }) as unknown as HeldAttempt;

  test('owed: each attempt is named with what the hub lacks of it', () => {
    const owed = listOwed({
      held: [
        held('J1.1', 'accepted'),
        held('J2.1', 'starting'),
        held('J3.1', 'running'),
        held('J4.1', 'finished', { finishedSeq: 9 }),
        held('J5.1', 'finished', { finishedSeq: 4 }),
        held('J6.1', 'finished', { finishedSeq: 5 }),
      ],
      acked: 5,
      owesArtifacts: (attempt) => attempt === 'J5.1',
    });
    expect(owed.map(({ what }) => what)).toEqual([
      ...['waiting', 'running', 'running', 'report', 'artifacts', 'log'],
    ]);
  });
});

describe('farewell', () => {
  test('farewell: the hub took it when it says so; an end of the link, silence and no link mean that it may not know', async () => {
    const ports = new FakePorts();
    const said: OwnerFrame[] = [];
    let way: 'sent' | 'closed' = 'sent';
    const farewell = new Farewell(ports.timers, (frame) => {
      said.push(frame);
      return way;
    });
    const heard = farewell.say('it goes');
    farewell.heard();
    const cut = farewell.say('it goes');
    farewell.closed();
    const silent = farewell.say('it goes');
    await ports.advance(byeMsMax);
    way = 'closed';
    const alone = farewell.say('it goes');
    expect(await Promise.all([heard, cut, silent, alone])).toEqual([true, false, false, false]);
    expect(said[0]).toEqual({ t: 'bye', reason: 'it goes' });
  });
});
