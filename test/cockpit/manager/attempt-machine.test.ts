/*
 * An attempt as the hub knows it: receipts move right only, one outcome, and late words change nothing.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AttemptEnd,
  type HubAttemptEvent,
  type HubAttemptState,
  stepHubAttempt,
} from '../../../cockpit/manager/attempt-machine.ts';
import { receipts } from '../../../protocol/model.ts';

const moment = { nowMs: 0, roll: 0 };
const end: AttemptEnd = { outcome: 'succeeded', at: 90, usage: { exitCode: 0 }, logBytes: 3 };
const times = { queuedAt: 1 };
const asked = { times, cancelAskedAt: 4 };

const states = receipts.map(
  (is): HubAttemptState => (is === 'finished' ? { is, times, end } : { is, times }),
);

const events: readonly HubAttemptEvent[] = [
  { type: 'sent', at: 50 },
  { type: 'accepted', at: 51 },
  { type: 'started', at: 52 },
  { type: 'finished', end },
  { type: 'cancel', at: 60, mayHaveLeft: false },
  { type: 'expired', at: 61, mayHaveLeft: false },
  { type: 'lost', at: 62, reason: 'Silence.' },
  { type: 'replaced', at: 63 },
  { type: 'returned' },
  { type: 'reopened', at: 65 },
  { type: 'superseded', at: 64, reason: 'Attempt 2 ended first.' },
];

/** State → event → the state it leads to and its effects; a pair that is not here changes nothing. */
const moves: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  queued: {
    sent: ['sent'],
    accepted: ['accepted'],
    started: ['started'],
    finished: ['finished', 'ended'],
    cancel: ['finished', 'tell-cancel', 'ended'],
    expired: ['finished', 'tell-cancel', 'ended'],
    lost: ['finished', 'tell-cancel', 'ended'],
    replaced: ['queued'],
    superseded: ['finished', 'tell-cancel', 'ended'],
  },
  sent: {
    accepted: ['accepted'],
    started: ['started'],
    finished: ['finished', 'ended'],
    cancel: ['sent', 'tell-cancel'],
    lost: ['finished', 'tell-cancel', 'ended'],
    replaced: ['sent'],
    superseded: ['finished', 'tell-cancel', 'ended'],
  },
  accepted: {
    started: ['started'],
    finished: ['finished', 'ended'],
    cancel: ['accepted', 'tell-cancel'],
    lost: ['finished', 'tell-cancel', 'ended'],
    replaced: ['accepted'],
    superseded: ['finished', 'tell-cancel', 'ended'],
  },
  started: {
    finished: ['finished', 'ended'],
    cancel: ['started', 'tell-cancel'],
    lost: ['finished', 'tell-cancel', 'ended'],
    replaced: ['started'],
    superseded: ['finished', 'tell-cancel', 'ended'],
  },
  finished: {
    accepted: ['finished', 'late'],
    started: ['finished', 'late'],
    finished: ['finished', 'late'],
  },
};

const step = (state: HubAttemptState, event: HubAttemptEvent) =>
  stepHubAttempt(state, event, moment);

describe('hub attempt', () => {
  test.each(states.flatMap((state) => events.map((event) => ({ state, event }))))(
    'hub attempt: $event.type in $state.is',
    ({ state, event }) => {
      const out = step(state, event);
      const wanted = moves[state.is]?.[event.type];
      if (wanted === undefined) return expect(out).toEqual({ state, effects: [] });
      expect([out.state.is, ...out.effects.map((effect) => effect.do)]).toEqual(wanted);
      if (state.is === 'finished') expect(out.state).toBe(state);
      return undefined;
    },
  );

  test('hub attempt: each receipt is when it was proven, and proves the ones before it', () => {
    const queued: HubAttemptState = { is: 'queued', times };
    expect(step(queued, { type: 'started', at: 52 }).state.times).toEqual({
      queuedAt: 1,
      sentAt: 52,
      acceptedAt: 52,
      startedAt: 52,
    });
    const sent = step(queued, { type: 'sent', at: 50 }).state;
    const accepted = step(sent, { type: 'accepted', at: 51 }).state;
    expect(accepted.times).toEqual({ queuedAt: 1, sentAt: 50, acceptedAt: 51 });
    expect(step(accepted, { type: 'finished', end }).state).toEqual({
      is: 'finished',
      times: { ...accepted.times, finishedAt: 90 },
      end,
    });
  });

  test('hub attempt: what may have left is asked to end and waits for the worker’s word', () => {
    const queued: HubAttemptState = { is: 'queued', times };
    const cancel = step(queued, { type: 'cancel', at: 4, mayHaveLeft: true });
    expect(cancel).toEqual({ state: { is: 'queued', ...asked }, effects: [{ do: 'tell-cancel' }] });
    const expired = step(queued, { type: 'expired', at: 4, mayHaveLeft: true });
    expect(expired).toEqual({ state: queued, effects: [] });
  });

  test('hub attempt: asking twice sends nothing more', () => {
    for (const is of ['sent', 'accepted', 'started'] as const) {
      const state: HubAttemptState = { is, ...asked };
      expect(step(state, { type: 'cancel', at: 9, mayHaveLeft: true })).toEqual({
        state,
        effects: [],
      });
    }
  });

  test.each([
    [{ type: 'cancel', at: 7, mayHaveLeft: false }, 'cancelled'],
    [{ type: 'expired', at: 7, mayHaveLeft: false }, 'expired'],
    [{ type: 'lost', at: 7, reason: 'Silence.' }, 'lost'],
  ] as const)('hub attempt: %o ends it as %s', (event, outcome) => {
    const { state } = step({ is: 'queued', times }, event);
    expect(state).toMatchObject({
      is: 'finished',
      times: { finishedAt: 7 },
      end: { outcome, at: 7 },
    });
  });

  test('hub attempt: only a lost one can be open again, at the receipt that was proven', () => {
    const lost = { ...end, outcome: 'lost' } as const;
    const ended = { queuedAt: 1, sentAt: 2, acceptedAt: 3, finishedAt: 9 };
    const again = { type: 'reopened', at: 65 } as const;
    const { finishedAt: _finishedAt, ...proven } = ended;
    expect(step({ is: 'finished', times: ended, end: lost }, again)).toEqual({
      state: { is: 'accepted', times: proven, replacedAt: 65 },
      effects: [],
    });
    const kept: HubAttemptState = { is: 'finished', times: ended, end };
    expect(step(kept, again)).toEqual({ state: kept, effects: [] });
  });

  test('hub attempt: a whole report proves the receipts that were not reported by themselves', () => {
    const whole = { type: 'finished', end: { ...end, startedAt: 40 }, acceptedAt: 30 } as const;
    const known = { queuedAt: 1, sentAt: 2, acceptedAt: 3, startedAt: 4 };
    const last = { finishedAt: 90 };
    expect(step({ is: 'queued', times }, whole).state.times).toEqual({
      ...{ queuedAt: 1, sentAt: 30, acceptedAt: 30, startedAt: 40 },
      ...last,
    });
    expect(step({ is: 'started', times: known }, whole).state.times).toEqual({ ...known, ...last });
    const unstarted = { type: 'finished', end, acceptedAt: 30 } as const;
    expect(step({ is: 'sent', times: { queuedAt: 1, sentAt: 2 } }, unstarted).state.times).toEqual({
      ...{ queuedAt: 1, sentAt: 2, acceptedAt: 30 },
      ...last,
    });
    const started = { type: 'started', at: 40, acceptedAt: 30 } as const;
    expect(step({ is: 'sent', times: { queuedAt: 1, sentAt: 2 } }, started).state.times).toEqual({
      ...{ queuedAt: 1, sentAt: 2, acceptedAt: 30, startedAt: 40 },
    });
  });

  test('hub attempt: one that may return is lost without being told to end', () => {
    const event = { type: 'lost', at: 5, reason: 'Silence.', mayReturn: true } as const;
    expect(step({ is: 'started', times }, event).effects).toEqual([{ do: 'ended' }]);
  });

  test('hub attempt: whatever happens, receipts never move left and the first outcome stands', () => {
    // Only a person opens a lost one again; all else is what the world does.
    const worldly = events.filter(({ type }) => type !== 'reopened');
    const event = fc.constantFrom(
      ...worldly,
      ...worldly.map((one) => ({ ...one, mayHaveLeft: true })),
    );
    void fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), (history) => {
        let state: HubAttemptState = { is: 'queued', times };
        let endCount = 0;
        for (const next of history) {
          const out = step(state, next);
          expect(receipts.indexOf(out.state.is)).toBeGreaterThanOrEqual(receipts.indexOf(state.is));
          if (state.is === 'finished') expect(out.state).toBe(state);
          endCount += out.effects.filter((effect) => effect.do === 'ended').length;
          state = out.state;
        }
        expect(endCount).toBe(state.is === 'finished' ? 1 : 0);
      }),
    );
  });
});
