/*
 * The machine of a spawned box, by its histories. Time is the test's own.
 */
import { describe, expect, test } from 'vitest';
import {
  downTriesMax,
  enterTriesMax,
  findSpawnDeadline,
  findSpawnQuestion,
  isSpawnCounted,
  isSpawnStaying,
  patienceMs,
} from '../../../cockpit/manager/spawn-machine.ts';
import { box, failed, found, Hand, missing, pace, ready, worker } from './spawn-hand.ts';

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

  test('whose command outlives the hub that began it is not said to be missing before its time is over', () => {
    const hand = new Hand('for the pool').say({ type: 'begin' });
    hand.makingLeftMs = 500_000;
    hand.say({ type: 'restarted' }).tick().say(missing).tick().say(missing);
    hand.nowMs = 300_000;
    hand.makingLeftMs = 200_000;
    hand.say({ type: 'restarted' }).tick().say(missing).tick().say(missing);
    hand.nowMs = 500_000 + pace.settleMs - 1;
    hand.say({ type: 'tick' }, missing);
    expect(hand.state).toMatchObject({ is: 'seeking' });
    hand.nowMs = 500_000 + pace.settleMs + pace.lookMs;
    hand.say({ type: 'tick' }, missing);
    expect(hand.state).toMatchObject({ is: 'over', as: 'failed' });
  });

  test('that was just found is not gone before the list has settled', () => {
    const hand = new Hand().say({ type: 'begin' }, { type: 'made' }).tick().say(found('coming'));
    const foundMs = hand.nowMs;
    hand.tick().say(missing).tick().say(missing).tick().say(missing);
    expect(hand.state).toMatchObject({ is: 'coming', missedCount: 3 });
    hand.nowMs = foundMs + pace.settleMs;
    hand.say({ type: 'tick' }, missing);
    expect(hand.state).toMatchObject({ is: 'over', as: 'vanished' });
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
    expect(hand.say({ type: 'give-up' }).effects.at(-2)).toEqual({ do: 'leave' });
    expect(hand.say({ type: 'left' }).state).toMatchObject({ is: 'ending', as: 'released', box });
  });

  test('that is given up is let go though the half of an agent on it does not come off', () => {
    const hand = new Hand().say({ type: 'begin' }, { type: 'made' }).tick().say(found());
    hand.tick().say(found());
    for (let tries = 1; tries <= enterTriesMax; tries += 1) {
      hand.say({ type: 'enter-failed', reason: 'no route' }).tick().say(found());
    }
    hand.say({ type: 'give-up' });
    for (let tries = 1; tries <= enterTriesMax; tries += 1) {
      expect(hand.state).toMatchObject({ is: 'leaving', as: 'released' });
      hand.say({ type: 'leave-failed', reason: 'no route' }).tick();
    }
    expect(hand.state).toMatchObject({ is: 'ending', as: 'released' });
    expect(hand.count('leave')).toBe(enterTriesMax);
  });

  test('of the pool that no agent gets onto is let go, and counts as a failure', () => {
    const hand = new Hand('for the pool').say({ type: 'begin' }, { type: 'made' });
    hand.tick().say(found()).tick().say(found());
    for (let tries = 1; tries <= enterTriesMax; tries += 1) {
      hand.say({ type: 'enter-failed', reason: 'no route' }).tick().say(found());
    }
    expect(hand.state).toMatchObject({ is: 'leaving', as: 'failed' });
    expect(findSpawnQuestion(hand.state)).toBeUndefined();
    expect(hand.say({ type: 'left' }).state).toMatchObject({ is: 'ending', as: 'failed' });
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

  test('that is released while an agent is got onto it again gets no work meanwhile', () => {
    const hand = ready().tick().say(found('stopped'));
    expect(isSpawnStaying(hand.state)).toBe(true);
    expect(isSpawnStaying(hand.say({ type: 'release', why: 'you did' }).state)).toBe(false);
    expect(hand.say({ type: 'entered', worker }).state).toMatchObject({ is: 'leaving' });
  });

  test('whose agent does not come off is asked about, and gets no work meanwhile', () => {
    const hand = ready().say({ type: 'release', why: 'you did' });
    for (let tries = 1; tries <= enterTriesMax; tries += 1) {
      hand.say({ type: 'leave-failed', reason: 'no route' }).tick();
    }
    expect(hand.state).toMatchObject({ is: 'stuck', at: 'leave' });
    expect(isSpawnStaying(hand.state)).toBe(false);
    expect(hand.say({ type: 'again' }).state).toMatchObject({ is: 'leaving' });
  });

  test('that could not be let go is over when the list missed it twice, for one look may be half a list', () => {
    const hand = ready().say({ type: 'release', why: 'you did' }, { type: 'left' });
    hand.say({ type: 'down-failed', reason: 'no network' }).tick().say(missing);
    expect(hand.state).toMatchObject({ is: 'ending', next: 'look' });
    hand.tick().say(found());
    expect(hand.state).toMatchObject({ is: 'ending', next: 'down' });
    hand.tick().say({ type: 'down-failed', reason: 'no network' }).tick().say(missing);
    expect(hand.state).toMatchObject({ is: 'ending' });
    expect(hand.tick().say(missing).state).toMatchObject({ is: 'over', as: 'released' });
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
