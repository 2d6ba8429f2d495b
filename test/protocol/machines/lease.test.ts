/*
 * The lease: lost exactly when it was unheard for its time, and never twice.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  findLeaseDeadline,
  grantLease,
  type LeaseEvent,
  type LeaseState,
  stepLease,
} from '../../../protocol/machines/lease.ts';

const at = (nowMs: number) => ({ nowMs, roll: 0 });
const lostAfterMs = 5000;
const events: readonly LeaseEvent[] = [{ type: 'heard' }, { type: 'tick' }, { type: 'ended' }];
const tick = { type: 'tick' } as const;

describe('lease', () => {
  test('lease: it is kept one moment before its end and lost at it', () => {
    const held = grantLease(lostAfterMs, at(100));
    expect(findLeaseDeadline(held)).toBe(100 + lostAfterMs);
    expect(stepLease(held, tick, at(99 + lostAfterMs))).toEqual({ state: held, effects: [] });
    expect(stepLease(held, tick, at(100 + lostAfterMs))).toEqual({
      state: { is: 'lapsed' },
      effects: [{ do: 'declare-lost' }],
    });
  });

  test('lease: being heard starts its time anew', () => {
    const heard = stepLease(grantLease(lostAfterMs, at(0)), { type: 'heard' }, at(4999)).state;
    expect(findLeaseDeadline(heard)).toBe(4999 + lostAfterMs);
    expect(stepLease(heard, tick, at(lostAfterMs)).state.is).toBe('held');
  });

  test('lease: a clock that stepped back loses nothing', () => {
    const held = grantLease(lostAfterMs, at(100_000));
    expect(stepLease(held, tick, at(0)).state).toEqual(held);
  });

  test.each<LeaseState>([{ is: 'lapsed' }, { is: 'ended' }])(
    'lease: nothing moves it once $is',
    (state) => {
      for (const event of events)
        expect(stepLease(state, event, at(1e12))).toEqual({ state, effects: [] });
      expect(findLeaseDeadline(state)).toBeUndefined();
    },
  );

  test('lease: an attempt that ended is never declared lost', () => {
    const { state } = stepLease(grantLease(lostAfterMs, at(0)), { type: 'ended' }, at(1));
    expect(stepLease(state, tick, at(1e12)).effects).toEqual([]);
  });

  test('lease: it is lost at most once, and only after its whole time of silence', () => {
    const event = fc.record({
      event: fc.constantFrom(...events.slice(0, 2)),
      waitMs: fc.nat(7000),
    });
    void fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (history) => {
        let nowMs = 0;
        let heardAt = 0;
        let lostCount = 0;
        let state = grantLease(lostAfterMs, at(0));
        for (const step of history) {
          nowMs += step.waitMs;
          const out = stepLease(state, step.event, at(nowMs));
          if (out.effects.length > 0) expect(nowMs - heardAt).toBeGreaterThanOrEqual(lostAfterMs);
          lostCount += out.effects.length;
          if (step.event.type === 'heard') heardAt = nowMs;
          state = out.state;
        }
        expect(lostCount).toBe(state.is === 'lapsed' ? 1 : 0);
      }),
    );
  });
});
