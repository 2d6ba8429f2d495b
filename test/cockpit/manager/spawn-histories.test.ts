/*
 * The machine of a spawned box, by properties of all of its histories. Time is the test's own.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findSpawnDeadline, patienceMs } from '../../../cockpit/manager/spawn-machine.ts';
import type { SpawnEvent } from '../../../cockpit/manager/spawn-state.ts';
import { failed, found, Hand, worker } from './spawn-hand.ts';

const events: fc.Arbitrary<SpawnEvent> = fc.oneof(
  ...(
    [
      'begin',
      'made',
      'missing',
      'left',
      'downed',
      'silent',
      'again',
      'give-up',
      'restarted',
    ] as const
  ).map((type) => fc.constant({ type })),
  fc.constant({ type: 'tick' } as const),
  fc.constant({ type: 'entered', worker } as const),
  fc.constantFrom('coming', 'ready', 'stopped' as const).map((state) => found(state as 'ready')),
  fc.boolean().map((isSure) => ({ ...failed, isSure }) as const),
  ...(['unlisted', 'enter-failed', 'leave-failed', 'down-failed'] as const).map((type) =>
    fc.constant({ type, reason: 'no' } as SpawnEvent),
  ),
  fc.constant({ type: 'release', why: 'you did' } as const),
);

describe('spawn: whatever happens', () => {
  const history = fc.array(fc.tuple(events, fc.integer({ min: 0, max: patienceMs })), {
    maxLength: 60,
  });

  test('a box is made again only by the M2’s word, after the list surely had none', () => {
    fc.assert(
      fc.property(history, fc.boolean(), (steps, isPooled) => {
        const hand = new Hand(isPooled ? 'for the pool' : 'asked for');
        let words = 0;
        for (const [event, laterMs] of steps) {
          hand.nowMs += laterMs;
          const isWord =
            event.type === 'again' && hand.state.is === 'stuck' && hand.state.at === 'make';
          if (isWord) words += 1;
          hand.say(event);
        }
        expect(hand.count('up')).toBeLessThanOrEqual(1 + words);
      }),
    );
  });

  test('what was found never ends without being let go, or missed twice, or the M2’s word', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const hand = new Hand();
        let wasFound = false;
        for (const [event, laterMs] of steps) {
          hand.nowMs += laterMs;
          const before = hand.state;
          hand.say(event);
          wasFound ||= hand.state.is === 'coming';
          if (hand.state.is !== 'over' || before.is === 'over' || !wasFound) continue;
          const isSeen = event.type === 'missing' || event.type === 'give-up';
          const isNone = before.is === 'stuck' && before.box === null;
          expect(isSeen || isNone).toBe(true);
        }
      }),
    );
  });

  test('a box that is not over and waits for nothing under way has a deadline, or the M2', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const hand = new Hand();
        for (const [event, laterMs] of steps) {
          hand.nowMs += laterMs;
          const begun = hand.effects.length;
          hand.say(event);
          const { state } = hand;
          const isUnderWay =
            ('lookAt' in state && state.lookAt === null) ||
            ('tryAt' in state && state.tryAt === null) ||
            state.is === 'making';
          const isAtRest = state.is === 'asked' || state.is === 'over' || state.is === 'stuck';
          if (isUnderWay || isAtRest) continue;
          expect(findSpawnDeadline(state)).toBeDefined();
          expect(hand.effects.length).toBeGreaterThanOrEqual(begun);
        }
      }),
    );
  });

  test('a restart always begins anew what was under way', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const hand = new Hand();
        for (const [event, laterMs] of steps) {
          hand.nowMs += laterMs;
          hand.say(event);
        }
        const { state } = hand.say({ type: 'restarted' });
        if (state.is === 'asked' || state.is === 'over' || state.is === 'stuck') return;
        expect(findSpawnDeadline(state)).toBe(hand.nowMs);
      }),
    );
  });
});
