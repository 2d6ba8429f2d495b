/*
 * The supervisor's table: which ends of an agent are deaths, how the pauses grow, and when it gives up.
 */
import { describe, expect, test } from 'vitest';
import { quickDeathMsMax, quickDeathsMax, restartMsMax } from '../../../agent/install/limits.ts';
import {
  type SupervisorEvent,
  type SupervisorState,
  stepSupervisor,
} from '../../../agent/install/supervisor-machine.ts';

const running: SupervisorState = { is: 'running', sinceMs: 0, quickCount: 0 };

function step(state: SupervisorState, event: SupervisorEvent, nowMs: number) {
  return stepSupervisor(state, event, { nowMs, roll: 1 });
}

/** Dies this often in a row, after so long each time; gives the pauses and where it stands. */
function die(count: number, livedMs: number) {
  let state: SupervisorState = running;
  let nowMs = 0;
  const pauses: number[] = [];
  for (let deaths = 0; deaths < count; deaths += 1) {
    nowMs += livedMs;
    const died = step(state, { type: 'ended', status: 1 }, nowMs);
    state = died.state;
    for (const effect of died.effects) if (effect.do === 'wait') pauses.push(effect.ms);
    if (state.is !== 'pausing') continue;
    nowMs = state.untilMs;
    state = step(state, { type: 'due' }, nowMs).state;
  }
  return { state, pauses };
}

describe('supervisor', () => {
  test('supervisor: an end that was asked for, and one that a person must mend, are not followed by a start', () => {
    const asked = step(running, { type: 'ended', status: 0 }, 1);
    expect(asked).toEqual({ state: { is: 'over' }, effects: [{ do: 'finish', why: 'asked' }] });
    const refused = step(running, { type: 'ended', status: 2 }, 1);
    expect(refused.effects).toEqual([{ do: 'finish', why: 'refused' }]);
  });

  test('supervisor: quick deaths are followed by longer and longer pauses, the last of them by none', () => {
    expect(die(4, 10).pauses).toEqual([1000, 2000, 4000, 8000]);
    const almost = die(quickDeathsMax - 1, 10);
    expect(almost.state.is).toBe('running');
    expect(Math.max(...almost.pauses)).toBe(restartMsMax);
    expect(die(quickDeathsMax, 10).state.is).toBe('over');
  });

  test('supervisor: one that lived for a while begins anew, however often it dies', () => {
    const { state, pauses } = die(quickDeathsMax * 3, quickDeathMsMax);
    expect(state.is).toBe('running');
    expect(new Set(pauses)).toEqual(new Set([1000]));
  });

  test('supervisor: a stop while it runs ends it first, in a pause it is over at once, and twice is once', () => {
    const ending = step(running, { type: 'stop' }, 1);
    expect(ending).toEqual({ state: { is: 'ending' }, effects: [{ do: 'end' }] });
    expect(step(ending.state, { type: 'stop' }, 2)).toEqual({ state: ending.state, effects: [] });
    expect(step(ending.state, { type: 'due' }, 2).effects).toEqual([]);
    const killed = step(ending.state, { type: 'ended', status: null }, 3);
    expect(killed.effects).toEqual([{ do: 'finish', why: 'asked' }]);
    const pausing = step(running, { type: 'ended', status: null }, 1).state;
    expect(step(pausing, { type: 'stop' }, 2).state).toEqual({ is: 'over' });
  });
});
