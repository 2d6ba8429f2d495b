/*
 * Liveness: pings while it listens, says stale after three of them, gives up after six seconds.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  hubPingRestMs,
  pingMsDefault,
  staleAfterMsDefault,
  starvedMsMin,
  suspectAfterMsDefault,
} from '../../../protocol/limits.ts';
import {
  createLiveness,
  findLivenessDeadline,
  type LivenessState,
  stepLiveness,
} from '../../../protocol/machines/liveness.ts';

const at = (nowMs: number, roll = 0.5) => ({ nowMs, roll });
const tick = { type: 'tick' } as const;
const heard = { type: 'heard' } as const;
const later: LivenessState = { is: 'fresh', heardAt: 0, pingAt: 1e9, lookedAt: 1e9, restMs: 0 };

describe('liveness', () => {
  test('liveness: the first ping is due at once, the next within a tenth of the interval', () => {
    const fresh = createLiveness(at(7), 0);
    expect(findLivenessDeadline(fresh)).toBe(7);
    for (const roll of [0, 0.5, 0.999]) {
      const { state, effects } = stepLiveness(fresh, tick, at(7, roll));
      expect(effects).toEqual([{ do: 'ping' }]);
      expect(state.pingAt - 7).toBeGreaterThanOrEqual(0.9 * pingMsDefault);
      expect(state.pingAt - 7).toBeLessThanOrEqual(1.1 * pingMsDefault);
    }
  });

  test('liveness: a side that rests pings nobody that it hears', () => {
    let state = createLiveness(at(0), hubPingRestMs);
    for (let nowMs = 1000; nowMs < 20_000; nowMs += 1000) {
      state = stepLiveness(state, heard, at(nowMs)).state;
      const due = findLivenessDeadline(state) ?? 0;
      expect(due).toBeGreaterThan(nowMs);
      const looked = stepLiveness(state, tick, at(nowMs + 999));
      expect(looked.effects).toEqual([]);
      state = looked.state;
    }
  });

  test('liveness: a side that rests pings a silent peer twice before it is stale', () => {
    let state = createLiveness(at(0), hubPingRestMs);
    const pings: number[] = [];
    while (state.is === 'fresh') {
      const nowMs = findLivenessDeadline(state) ?? Number.POSITIVE_INFINITY;
      const out = stepLiveness(state, tick, at(nowMs));
      if (out.effects.some((effect) => effect.do === 'ping')) pings.push(nowMs);
      state = out.state;
    }
    expect(pings).toEqual([hubPingRestMs, hubPingRestMs + pingMsDefault]);
  });

  test('liveness: stale is said at its moment, once, and not before', () => {
    const early = at(staleAfterMsDefault - 1);
    expect(stepLiveness(later, tick, early)).toEqual({
      state: { ...later, lookedAt: early.nowMs },
      effects: [],
    });
    const stale = stepLiveness(later, tick, at(staleAfterMsDefault));
    expect(stale).toEqual({
      state: { ...later, is: 'stale', lookedAt: staleAfterMsDefault },
      effects: [{ do: 'show', as: 'stale' }],
    });
    expect(findLivenessDeadline(stale.state)).toBe(suspectAfterMsDefault);
    expect(stepLiveness(stale.state, tick, at(staleAfterMsDefault + 1)).effects).toEqual([]);
  });

  test('liveness: the link is given up at its moment, also from fresh', () => {
    const stale: LivenessState = { ...later, is: 'stale' };
    expect(stepLiveness(stale, tick, at(suspectAfterMsDefault - 1)).effects).toEqual([]);
    for (const state of [stale, later]) {
      const { effects, state: next } = stepLiveness(state, tick, at(suspectAfterMsDefault));
      expect(effects).toEqual([{ do: 'give-up' }]);
      expect(next.is).toBe('suspect');
    }
  });

  test('liveness: a process that did not run for a while gives its peer two more pings, no more', () => {
    const slept: LivenessState = {
      is: 'fresh',
      heardAt: 0,
      pingAt: 1000,
      lookedAt: 900,
      restMs: 0,
    };
    const woken = stepLiveness(slept, tick, at(60_000));
    expect(woken.effects).toEqual([{ do: 'show', as: 'stale' }, { do: 'ping' }]);
    const due = 60_000 + 2 * pingMsDefault;
    const before = stepLiveness(woken.state, tick, at(due - 1000, 0));
    expect(before.effects.filter((effect) => effect.do === 'give-up')).toEqual([]);
    expect(stepLiveness(before.state, tick, at(due)).effects).toEqual([{ do: 'give-up' }]);
    expect(stepLiveness(before.state, heard, at(due - 1)).effects).toEqual([
      { do: 'show', as: 'fresh' },
    ]);
  });

  test('liveness: a late look that is not that late excuses nothing', () => {
    const late: LivenessState = { is: 'stale', heardAt: 0, pingAt: 1e9, lookedAt: 4000, restMs: 0 };
    expect(stepLiveness(late, tick, at(4000 + starvedMsMin - 1)).effects).toEqual([
      { do: 'give-up' },
    ]);
  });

  test('liveness: anything heard makes a stale peer fresh, and says so only then', () => {
    const back = stepLiveness({ ...later, is: 'stale' }, heard, at(5000));
    expect(back.effects).toEqual([{ do: 'show', as: 'fresh' }]);
    expect(findLivenessDeadline(back.state)).toBe(5000 + staleAfterMsDefault);
    expect(stepLiveness(later, heard, at(10)).effects).toEqual([]);
  });

  test('liveness: a link that was given up stays so', () => {
    const suspect: LivenessState = { ...later, is: 'suspect' };
    for (const event of [heard, tick]) {
      expect(stepLiveness(suspect, event, at(1e9))).toEqual({ state: suspect, effects: [] });
    }
    expect(findLivenessDeadline(suspect)).toBeUndefined();
  });

  test('liveness: a loop that sleeps to the deadline never spins, and gives up a silent peer in time', () => {
    void fc.assert(
      fc.property(
        fc.array(fc.nat(7000), { maxLength: 30 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.constantFrom(0, hubPingRestMs),
        (gaps, roll, restMs) => {
          let nowMs = 0;
          let state = createLiveness(at(0), restMs);
          let heardAt = 0;
          let next = gaps.shift();
          for (let step = 0; step < 2000 && state.is !== 'suspect'; step += 1) {
            const due = findLivenessDeadline(state) ?? Number.POSITIVE_INFINITY;
            const hears = next !== undefined && heardAt + next <= due;
            nowMs = hears ? heardAt + (next ?? 0) : due;
            const out = stepLiveness(state, hears ? heard : tick, at(nowMs, roll));
            if (!hears) expect(findLivenessDeadline(out.state) ?? nowMs + 1).toBeGreaterThan(nowMs);
            if (hears) {
              heardAt = nowMs;
              next = gaps.shift();
            }
            state = out.state;
          }
          expect(state.is).toBe('suspect');
          expect(nowMs - heardAt).toBe(suspectAfterMsDefault);
        },
      ),
    );
  });
});
