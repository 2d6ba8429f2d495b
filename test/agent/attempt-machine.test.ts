/*
 * An attempt on its box: the table of every state against every event, and what must never happen.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AttemptEvent, type AttemptState, stepAttempt } from '../../agent/attempt-machine.ts';
import type { EndCause } from '../../agent/work/work.ts';

const moment = { nowMs: 0, roll: 0 };
const process = { pid: 7, start: '1', mark: 'm' };
const acceptedAt = 1;

const states = {
  accepted: { is: 'accepted', acceptedAt },
  starting: { is: 'starting', acceptedAt },
  running: { is: 'running', acceptedAt, startedAt: 2, process },
  finished: { is: 'finished', acceptedAt, ending: { outcome: 'succeeded', at: 3, usage: {} } },
} as const satisfies Record<string, AttemptState>;

const events: readonly AttemptEvent[] = [
  { type: 'start' },
  { type: 'spawned', at: 5, process },
  { type: 'not-spawned', at: 5, code: 'JOB_SPAWN', reason: 'No such file.' },
  { type: 'exited', at: 5, usage: { exitCode: 0 } },
  { type: 'end', at: 5, cause: 'cancel' },
  { type: 'expired', at: 5 },
  { type: 'restart', at: 5 },
];

/** State → the events that move it. All others must change nothing. */
const moving: Readonly<Record<keyof typeof states, readonly AttemptEvent['type'][]>> = {
  accepted: ['start', 'end', 'expired'],
  starting: ['spawned', 'not-spawned', 'end', 'restart'],
  running: ['exited', 'end', 'restart'],
  finished: [],
};

const step = (state: AttemptState, event: AttemptEvent) => stepAttempt(state, event, moment);
const end = (cause: EndCause): AttemptEvent => ({ type: 'end', at: 5, cause });
const endingOf = (state: AttemptState) => (state.is === 'finished' ? state.ending : undefined);

describe('attempt machine', () => {
  test.each(
    Object.entries(states).flatMap(([name, state]) =>
      events.map((event) => ({ name, state, event })),
    ),
  )('attempt: $event.type in $name', ({ name, state, event }) => {
    const out = step(state, event);
    if (moving[name as keyof typeof states].includes(event.type)) {
      expect(out).not.toEqual({ state, effects: [] });
    } else {
      expect(out).toEqual({ state, effects: [] });
    }
  });

  test('attempt: from accepted to its outcome, each step is reported once', () => {
    const starting = step(states.accepted, { type: 'start' });
    expect(starting).toEqual({ state: states.starting, effects: [{ do: 'spawn' }] });
    const running = step(starting.state, { type: 'spawned', at: 2, process });
    expect(running).toEqual({ state: states.running, effects: [{ do: 'report' }] });
    const finished = step(running.state, { type: 'exited', at: 9, usage: { exitCode: 0 } });
    expect(finished.effects).toEqual([{ do: 'report' }]);
    expect(finished.state).toEqual({
      is: 'finished',
      acceptedAt,
      startedAt: 2,
      ending: { outcome: 'succeeded', at: 9, usage: { exitCode: 0 } },
    });
  });

  test.each([
    [{ exitCode: 0 }, 'succeeded', undefined],
    [{ exitCode: 1 }, 'failed', undefined],
    [{ signal: 'SIGKILL' }, 'failed', 'It was ended by SIGKILL.'],
    [{}, 'failed', undefined],
  ])('attempt: %o is judged %s', (usage, outcome, reason) => {
    const ending = endingOf(step(states.running, { type: 'exited', at: 5, usage }).state);
    expect(ending).toMatchObject({ outcome, usage });
    expect(ending?.reason).toBe(reason);
  });

  test('attempt: a cancel before the start ends it without a process', () => {
    const { state, effects } = step(states.accepted, end('cancel'));
    expect(endingOf(state)).toMatchObject({ outcome: 'cancelled', usage: {} });
    expect(effects).toEqual([{ do: 'report' }]);
  });

  test('attempt: a stopping agent leaves what it has not started for its next start', () => {
    expect(step(states.accepted, end('agent-stop'))).toEqual({
      state: states.accepted,
      effects: [],
    });
  });

  test('attempt: a cancel while it is spawned ends the process as soon as there is one', () => {
    const asked = step(states.starting, end('cancel'));
    expect(asked.effects).toEqual([]);
    const spawned = step(asked.state, { type: 'spawned', at: 2, process });
    expect(spawned.effects).toEqual([{ do: 'report' }, { do: 'end-process' }]);
    const refused = step(asked.state, {
      type: 'not-spawned',
      at: 2,
      code: 'JOB_SPAWN',
      reason: 'x',
    });
    expect(endingOf(refused.state)?.outcome).toBe('cancelled');
  });

  test.each<[EndCause, string]>([
    ['cancel', 'cancelled'],
    ['deadline', 'expired'],
    ['hub-silent', 'cancelled'],
    ['agent-stop', 'cancelled'],
  ])('attempt: ended for %s it is %s, even where it exits with 0', (cause, outcome) => {
    const asked = step(states.running, end(cause));
    expect(asked.effects).toEqual([{ do: 'end-process' }]);
    const { state } = step(asked.state, { type: 'exited', at: 5, usage: { exitCode: 0 } });
    expect(endingOf(state)).toMatchObject({ outcome, usage: { exitCode: 0 } });
    expect(endingOf(state)?.reason).toBeDefined();
  });

  test('attempt: the first cause stands, but a person’s cancel goes before the others', () => {
    const late = step(step(states.running, end('deadline')).state, end('hub-silent')).state;
    expect(late).toMatchObject({ endCause: 'deadline' });
    expect(step(late, end('cancel')).state).toMatchObject({ endCause: 'cancel' });
  });

  test('attempt: what may have run is lost at a restart, and never started again', () => {
    for (const state of [states.starting, states.running]) {
      const out = step(state, { type: 'restart', at: 5 });
      expect(out.effects).toEqual([{ do: 'report' }]);
      expect(endingOf(out.state)).toMatchObject({ outcome: 'lost', at: 5, usage: {} });
      expect(step(out.state, { type: 'start' }).effects).toEqual([]);
    }
  });

  test('attempt: what its guard ended is lost at the instant and for the reason of that end', () => {
    for (const state of [states.starting, states.running]) {
      const out = step(state, { type: 'restart', at: 9, guardedAt: 5 });
      const ending = { outcome: 'lost', at: 5, reason: expect.stringContaining('its guard ended') };
      expect(endingOf(out.state)).toMatchObject(ending);
    }
  });

  test('attempt: a log that had to be cut is told with a code, whoever ended the work', () => {
    for (const guarded of [{}, { guardedAt: 5 }]) {
      const out = step(states.running, { type: 'restart', at: 9, isLogCut: true, ...guarded });
      const reason = expect.stringContaining('was cut there');
      expect(endingOf(out.state)).toMatchObject({ outcome: 'lost', code: 'LOG_CUT', reason });
    }
  });

  test('attempt: whatever happens, it is spawned at most once and ends at most once', () => {
    const cause = fc.constantFrom<EndCause>('cancel', 'deadline', 'hub-silent', 'agent-stop');
    const event = fc.oneof(fc.constantFrom(...events), cause.map(end));
    void fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (history) => {
        let state: AttemptState = states.accepted;
        let spawnCount = 0;
        let endCount = 0;
        for (const next of history) {
          const out = step(state, next);
          spawnCount += out.effects.filter((effect) => effect.do === 'spawn').length;
          if (state.is === 'finished') expect(out).toEqual({ state, effects: [] });
          else if (out.state.is === 'finished') endCount += 1;
          if (out.state.is !== state.is) expect(out.state.is).not.toBe('accepted');
          state = out.state;
        }
        expect(spawnCount).toBeLessThanOrEqual(1);
        expect(endCount).toBe(state.is === 'finished' ? 1 : 0);
      }),
    );
  });
});
