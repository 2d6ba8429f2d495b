/*
 * The machine of a spawned box, by its histories and by properties of all of them.
 * Time is the test’s own.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  downTriesMax,
  enterTriesMax,
  findSpawnDeadline,
  findSpawnQuestion,
  isSpawnCounted,
  patienceMs,
  stepSpawn,
} from '../../../cockpit/manager/spawn-machine.ts';
import type {
  SpawnEffect,
  SpawnEvent,
  SpawnMoment,
  SpawnState,
} from '../../../cockpit/manager/spawn-state.ts';

const box = { id: 'i-1' };
const worker = 'ab'.repeat(32);
const pace = { lookMs: 5000, watchMs: 60_000, settleMs: 60_000 };

/** A box under the test's hand. */
class Hand {
  state: SpawnState = { is: 'asked' };
  nowMs = 0;
  readonly effects: SpawnEffect[] = [];
  readonly #isPooled: boolean;

  constructor(whose: 'asked for' | 'for the pool' = 'asked for') {
    this.#isPooled = whose === 'for the pool';
  }

  say(...events: readonly SpawnEvent[]): this {
    for (const event of events) {
      const at: SpawnMoment = { nowMs: this.nowMs, roll: 0.5, pace, isPooled: this.#isPooled };
      const { state, effects } = stepSpawn(this.state, event, at);
      this.state = state;
      this.effects.push(...effects);
    }
    return this;
  }

  /** Lets time pass to the next deadline, and ticks. */
  tick(): this {
    this.nowMs = Math.max(this.nowMs, findSpawnDeadline(this.state) ?? this.nowMs);
    return this.say({ type: 'tick' });
  }

  count(what: SpawnEffect['do']): number {
    return this.effects.filter((effect) => effect.do === what).length;
  }

  told(): readonly string[] {
    return this.effects.flatMap((effect) => (effect.do === 'tell' ? [effect.kind] : []));
  }
}

const found = (state: 'coming' | 'ready' | 'stopped' = 'ready'): SpawnEvent => ({
  type: 'found',
  box,
  state,
});
const missing: SpawnEvent = { type: 'missing' };
const failed: SpawnEvent = { type: 'make-failed', reason: 'quota', isSure: false };

function ready(whose?: 'asked for' | 'for the pool'): Hand {
  const hand = new Hand(whose).say({ type: 'begin' }, { type: 'made' }).tick().say(found());
  return hand.tick().say(found(), { type: 'entered', worker });
}

describe('spawn: a box', () => {
  test('is made once, found by its tag, entered and ready', () => {
    const hand = ready();
    expect(hand.state).toMatchObject({ is: 'ready', box, worker });
    expect(hand.effects.map((effect) => effect.do)).toEqual([
      ...['up', 'look', 'tell', 'look', 'enter', 'tell'],
    ]);
  });

  test('of a hub that died while it was made is looked for, and not made again', () => {
    const hand = new Hand().say({ type: 'begin' }, { type: 'restarted' });
    expect(hand.state).toMatchObject({ is: 'seeking' });
    hand.tick().say(found());
    expect(hand.state).toMatchObject({ is: 'coming', box });
    expect(hand.count('up')).toBe(1);
  });

  test('that nobody finds is said to be missing once the list has settled, and the M2 is asked', () => {
    const hand = new Hand().say({ type: 'begin' }, { type: 'restarted' });
    hand.tick().say(missing).tick().say(missing);
    expect(hand.state).toMatchObject({ is: 'seeking', missedCount: 2 });
    hand.nowMs = pace.settleMs;
    hand.say({ type: 'tick' }, missing);
    expect(hand.state).toMatchObject({ is: 'stuck', at: 'make', box: null });
    expect(findSpawnQuestion(hand.state)).toBe('The hub ended while it was being made.');
    expect(isSpawnCounted(hand.state)).toBe(false);
    expect(hand.say({ type: 'again' }).state).toEqual({ is: 'making' });
    expect(hand.count('up')).toBe(2);
  });

  test('whose command ended well and that nobody finds is asked about in words that say so', () => {
    const hand = new Hand().say({ type: 'begin' }, { type: 'made' });
    hand.nowMs = pace.settleMs;
    hand.tick().say(missing).tick().say(missing);
    expect(hand.state).toMatchObject({ is: 'stuck', at: 'make' });
    expect(findSpawnQuestion(hand.state)).toContain('ended well, and the list does not show it');
  });

  test('whose program is not there is not looked for', () => {
    const hand = new Hand().say({ type: 'begin' }, { ...failed, isSure: true });
    expect(hand.state).toMatchObject({ is: 'stuck', at: 'make', reason: 'quota' });
  });

  test('whose list cannot be read for long is somebody’s to judge, and still counts', () => {
    const hand = new Hand().say({ type: 'begin' }, failed).tick();
    hand.say({ type: 'unlisted', reason: 'no network' });
    expect(hand.state).toMatchObject({ is: 'seeking' });
    hand.nowMs = patienceMs;
    hand.say({ type: 'tick' }, { type: 'unlisted', reason: 'no network' });
    expect(hand.state).toMatchObject({ is: 'stuck', at: 'seek' });
    expect(isSpawnCounted(hand.state)).toBe(true);
    // Its fate is not known, so it is sought again and never made again.
    expect(hand.say({ type: 'again' }).state).toMatchObject({ is: 'seeking' });
    expect(hand.count('up')).toBe(1);
  });

  test('that was released while it was made goes as soon as it is found', () => {
    const hand = new Hand().say({ type: 'begin' }, { type: 'release', why: 'you did' });
    expect(hand.state).toMatchObject({ is: 'making', unwanted: 'you did' });
    hand.say({ type: 'made' }).tick().say(found());
    expect(hand.state).toMatchObject({ is: 'ending', next: 'down' });
    expect(hand.count('enter')).toBe(0);
  });

  test('that no agent gets onto is tried a few times, then the M2 is asked', () => {
    const hand = new Hand().say({ type: 'begin' }, { type: 'made' }).tick().say(found());
    hand.tick().say(found());
    for (let tries = 1; tries <= enterTriesMax; tries += 1) {
      hand.say({ type: 'enter-failed', reason: 'no route' }).tick().say(found());
    }
    expect(hand.count('enter')).toBe(enterTriesMax);
    expect(hand.state).toMatchObject({ is: 'stuck', at: 'enter', box });
    expect(hand.say({ type: 'give-up' }).state).toMatchObject({ is: 'ending', box });
  });

  test('of the pool that no agent gets onto is let go, and counts as a failure', () => {
    const hand = new Hand('for the pool').say({ type: 'begin' }, { type: 'made' });
    hand.tick().say(found()).tick().say(found());
    for (let tries = 1; tries <= enterTriesMax; tries += 1) {
      hand.say({ type: 'enter-failed', reason: 'no route' }).tick().say(found());
    }
    expect(hand.state).toMatchObject({ is: 'ending', as: 'failed' });
    expect(findSpawnQuestion(hand.state)).toBeUndefined();
  });

  test('that is missed once stays; missed twice it vanished, and its worker loses our trust', () => {
    const hand = ready().tick().say(missing);
    expect(hand.state).toMatchObject({ is: 'ready', missedCount: 1 });
    hand.tick().say(found());
    expect(hand.state).toMatchObject({ is: 'ready', missedCount: 0 });
    hand.tick().say(missing).tick().say(missing);
    expect(hand.state).toMatchObject({ is: 'over', as: 'vanished' });
    expect(hand.effects).toContainEqual({ do: 'revoke', why: 'vanished' });
  });

  test('is looked for at once when its agent falls silent', () => {
    const hand = ready();
    hand.nowMs += 1000;
    hand.say({ type: 'silent' });
    expect(findSpawnDeadline(hand.state)).toBe(hand.nowMs);
    hand.say({ type: 'tick' });
    expect(hand.state).toMatchObject({ is: 'ready', lookAt: null });
  });

  test('whose agent was ended gets one again', () => {
    const hand = ready().tick().say(found('stopped'));
    expect(hand.state).toMatchObject({ is: 'entering', tryAt: null });
    expect(hand.say({ type: 'entered', worker }).state).toMatchObject({ is: 'ready' });
  });

  test('that goes while an agent is got onto it is missed like any other, and asked about by nobody', () => {
    const hand = ready().tick().say(found('stopped'));
    hand.say({ type: 'enter-failed', reason: 'its home is gone' }).tick();
    expect(hand.effects.at(-1)).toEqual({ do: 'look' });
    hand.say(found());
    expect(hand.effects.at(-1)).toEqual({ do: 'enter' });
    hand.say({ type: 'enter-failed', reason: 'its home is gone' }).tick().say(missing);
    expect(hand.state).toMatchObject({ is: 'entering', missedCount: 1 });
    hand.tick().say(missing);
    expect(hand.state).toMatchObject({ is: 'over', as: 'vanished' });
    expect(hand.effects).toContainEqual({ do: 'revoke', why: 'vanished' });
  });

  test('whose list cannot be read is entered again all the same', () => {
    const hand = ready().tick().say(found('stopped'));
    hand.say({ type: 'enter-failed', reason: 'no route' }).tick();
    const count = hand.count('enter');
    hand.say({ type: 'unlisted', reason: 'the API is down' });
    expect(hand.count('enter')).toBe(count + 1);
  });

  test('that is let go is over when the list does not have it, and not before', () => {
    const hand = ready().say({ type: 'release', why: 'you did' }, { type: 'left' });
    expect(hand.state).toMatchObject({ is: 'ending', next: 'down', tryAt: null });
    expect(hand.say(missing).state).toMatchObject({ is: 'ending' });
    hand.say({ type: 'downed' }).tick().say(found());
    expect(hand.state).toMatchObject({ is: 'ending', next: 'down', tries: 1 });
    hand.tick().say({ type: 'downed' }).tick().say(missing);
    expect(hand.state).toMatchObject({ is: 'over', as: 'released' });
    expect(hand.count('down')).toBe(2);
    expect(hand.told().at(-1)).toBe('box-released');
  });

  test('that cannot be let go is tried on and on, and the M2 is asked', () => {
    const hand = ready().say({ type: 'release', why: 'you did' }, { type: 'left' });
    for (let tries = 1; tries <= downTriesMax; tries += 1) {
      expect(findSpawnQuestion(hand.state)).toBeUndefined();
      hand.say({ type: 'down-failed', reason: 'denied' }).tick().say(found());
      if (tries < downTriesMax) hand.tick();
    }
    expect(findSpawnQuestion(hand.state)).toBe('denied');
    hand.tick();
    expect(hand.effects.at(-1)).toEqual({ do: 'down' });
    expect(hand.say({ type: 'give-up' }).state).toMatchObject({ is: 'over' });
  });
});

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
