/*
 * One guarded lease: when it is over, what a late word changes, and that each pair is decided.
 */
import { describe, expect, test } from 'vitest';
import type { GuardRow } from '../../../agent/guard/guard-words.ts';
import {
  findGuardLeftMs,
  type GuardedEvent,
  type GuardedState,
  stepGuarded,
} from '../../../agent/guard/guarded-machine.ts';
import { guardMarginMs } from '../../../agent/guard/limits.ts';
import type { LeaseInstant } from '../../../protocol/machines/renewal.ts';

const row: GuardRow = { mark: 's/J1.1', pid: 7, start: '9', forMs: 10_000, isEnding: false };

function at(monotonicMs: number, sleptMs = 0): LeaseInstant {
  return { monotonicMs, uptimeMs: 500_000 + monotonicMs + sleptMs };
}

const held: GuardedState = { is: 'held', row, from: at(1000) };
const end = { do: 'end', row } as const;

function step(state: GuardedState, event: GuardedEvent) {
  return stepGuarded(state, event, { nowMs: 0, roll: 0 });
}

function look(state: GuardedState, now: LeaseInstant) {
  return step(state, { type: 'looked', now });
}

/** What is held once this is stated, nine seconds after the first. */
function restate(more: Partial<GuardRow>, from: LeaseInstant): GuardedState {
  return step(held, { type: 'stated', row: { ...row, ...more }, from, now: at(9000) }).state;
}

const over = 1000 + row.forMs + guardMarginMs;

describe('guarded lease', () => {
  test('guarded lease: it holds to the last moment of its time and margin, and then is ended once', () => {
    expect(look(held, at(over - 1))).toEqual({ state: held, effects: [] });
    const ended = look(held, at(over));
    expect(ended).toEqual({ state: { is: 'ending' }, effects: [end] });
    expect(look(ended.state, at(over + 1))).toEqual({ state: { is: 'ending' }, effects: [] });
  });

  test('guarded lease: time in which the box slept counts, for all but the second that an uptime may err', () => {
    const awake = over - 5000;
    expect(look(held, at(awake, 5999)).effects).toEqual([]);
    expect(look(held, at(awake, 6000)).effects).toEqual([end]);
  });

  test('guarded lease: a renewal counts from its own moment', () => {
    const renewed = restate({}, at(6000));
    expect(look(renewed, at(over + 4999)).effects).toEqual([]);
    expect(look(renewed, at(over + 5000)).effects).toHaveLength(1);
  });

  test('guarded lease: one that was counted from a tick of long ago takes nothing back', () => {
    const stale = restate({ forMs: 100, pid: 8, isEnding: true }, at(500));
    expect(findGuardLeftMs(stale, at(9000))).toBe(findGuardLeftMs(held, at(9000)));
    expect(stale).toMatchObject({ row: { pid: 8, isEnding: true } });
  });

  test('guarded lease: a renewal that comes after it was told to end does not bring it back', () => {
    for (const is of ['ending', 'over'] as const) {
      const late = step({ is }, { type: 'stated', row, from: at(over), now: at(over) });
      expect(late).toEqual({ state: { is }, effects: [] });
      expect(findGuardLeftMs(late.state, at(over))).toBe(Number.POSITIVE_INFINITY);
    }
  });

  test('guarded lease: what its agent leaves out is forgotten, but not while it is being ended', () => {
    const forget = { do: 'forget' };
    expect(step(held, { type: 'dropped' }).effects).toEqual([forget]);
    expect(step({ is: 'ending' }, { type: 'dropped' })).toEqual({
      state: { is: 'ending' },
      effects: [],
    });
    const gone = step({ is: 'ending' }, { type: 'ended' }).state;
    expect(gone).toEqual({ is: 'over' });
    expect(step(gone, { type: 'dropped' }).effects).toEqual([forget]);
  });

  test('guarded lease: an end that nobody asked for changes nothing', () => {
    expect(step(held, { type: 'ended' })).toEqual({ state: held, effects: [] });
    expect(step({ is: 'over' }, { type: 'ended' })).toEqual({ state: { is: 'over' }, effects: [] });
    expect(look({ is: 'over' }, at(over))).toEqual({ state: { is: 'over' }, effects: [] });
  });
});
