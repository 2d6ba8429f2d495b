/*
 * Liveness: pings while it listens, says stale after three of them, gives up after six seconds.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  pingMsDefault,
  staleAfterMsDefault,
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
const later: LivenessState = { is: 'fresh', heardAt: 0, pingAt: 1e9 };

describe('liveness', () => {
  test('liveness: the first ping is due at once, the next within a tenth of the interval', () => {
    const fresh = createLiveness(at(7));
    expect(findLivenessDeadline(fresh)).toBe(7);
    for (const roll of [0, 0.5, 0.999]) {
      const { state, effects } = stepLiveness(fresh, tick, at(7, roll));
      expect(effects).toEqual([{ do: 'ping' }]);
      expect(state.pingAt - 7).toBeGreaterThanOrEqual(0.9 * pingMsDefault);
      expect(state.pingAt - 7).toBeLessThanOrEqual(1.1 * pingMsDefault);
    }
  });

  test('liveness: stale is said at its moment, once, and not before', () => {
    expect(stepLiveness(later, tick, at(staleAfterMsDefault - 1))).toEqual({
      state: later,
      effects: [],
    });
    const stale = stepLiveness(later, tick, at(staleAfterMsDefault));
    expect(stale).toEqual({
      state: { ...later, is: 'stale' },
      effects: [{ do: 'show', as: 'stale' }],
    });
    expect(findLivenessDeadline(stale.state)).toBe(suspectAfterMsDefault);
    expect(stepLiveness(stale.state, tick, at(staleAfterMsDefault + 1)).effects).toEqual([]);
  });

  test('liveness: the link is given up at its moment, also from fresh after a long sleep', () => {
    const stale: LivenessState = { ...later, is: 'stale' };
    expect(stepLiveness(stale, tick, at(suspectAfterMsDefault - 1)).effects).toEqual([]);
    for (const state of [stale, later]) {
      const { effects, state: next } = stepLiveness(state, tick, at(suspectAfterMsDefault));
      expect(effects).toEqual([{ do: 'give-up' }]);
      expect(next.is).toBe('suspect');
    }
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
        (gaps, roll) => {
          let nowMs = 0;
          let state = createLiveness(at(0));
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
