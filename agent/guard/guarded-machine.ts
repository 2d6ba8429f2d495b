/*
 * One lease as its guard sees it.
 *
 *   held ──over──▶ ending ──ended──▶ over        dropped: forgotten, but for what is being ended
 *     ▲ │
 *     └─┘ stated: renewed
 *
 * A lease is never taken back, so of all that was stated the latest end counts: an agent that was stopped
 * hears ticks of long ago first and counts from them. What is told to end once stays ended: a renewal
 * that comes too late does not bring it back. Whether the agent lives is not looked at, because one that is stopped holds its
 * pipe open: only time counts, by the clock on which more passed. Source: reliability facts R14, R18.
 */

import { findLeaseLeftMs, type LeaseInstant } from '../../protocol/machines/renewal.ts';
import { createStepper, ignore, type Table } from '../../protocol/machines/table.ts';
import type { GuardRow } from './guard-words.ts';
import { guardMarginMs } from './limits.ts';

/** Where it stands. */
export type GuardedState =
  | { readonly is: 'held'; readonly row: GuardRow; readonly from: LeaseInstant }
  | { readonly is: 'ending' }
  | { readonly is: 'over' };

/** What can happen: the agent states it or leaves it out, time is looked at, its processes are gone. */
export type GuardedEvent =
  | {
      readonly type: 'stated';
      readonly row: GuardRow;
      readonly from: LeaseInstant;
      readonly now: LeaseInstant;
    }
  | { readonly type: 'dropped' }
  | { readonly type: 'looked'; readonly now: LeaseInstant }
  | { readonly type: 'ended' };

/** What it asks for. */
export type GuardedEffect =
  | { readonly do: 'end'; readonly row: GuardRow }
  | { readonly do: 'forget' };

type Held = Extract<GuardedState, { is: 'held' }>;

const forget = { do: 'forget' } as const;

const table: Table<GuardedState, GuardedEvent, GuardedEffect> = {
  held: {
    stated: (state, event) => ({ state: renew(state, event), effects: [] }),
    dropped: (state) => ({ state, effects: [forget] }),
    looked: (state, { now }) =>
      findGuardLeftMs(state, now) > 0
        ? { state, effects: [] }
        : { state: { is: 'ending' }, effects: [{ do: 'end', row: state.row }] },
    ended: ignore('nothing was ended'),
  },
  ending: {
    stated: ignore('it was told to end, and a late renewal does not bring it back'),
    dropped: ignore('it is forgotten once its processes are gone'),
    looked: ignore('it is being ended'),
    ended: () => ({ state: { is: 'over' }, effects: [] }),
  },
  over: {
    stated: ignore('its agent has not noticed yet'),
    dropped: (state) => ({ state, effects: [forget] }),
    looked: ignore('it has ended'),
    ended: ignore('it has ended'),
  },
};

/** One step. Pure. */
export const stepGuarded = createStepper('guarded-lease', table);

/** What is known of the processes is the newest; how long the lease holds is the most that was said. */
function renew(state: Held, { row, from, now }: Extract<GuardedEvent, { type: 'stated' }>): Held {
  const next: Held = { is: 'held', row, from };
  if (findGuardLeftMs(next, now) >= findGuardLeftMs(state, now)) return next;
  return { is: 'held', row: { ...row, forMs: state.row.forMs }, from: state.from };
}

/** Milliseconds until it must be ended; infinite where nothing is to come. */
export function findGuardLeftMs(state: GuardedState, now: LeaseInstant): number {
  if (state.is !== 'held') return Number.POSITIVE_INFINITY;
  return findLeaseLeftMs(state.from, now, state.row.forMs + guardMarginMs);
}
