/*
 * The lease of one attempt, as the hub sees it: how long it may go unheard before it is lost.
 *
 *   held ──heard──▶ held ──unheard for lostAfterMs──▶ lapsed        held ──ended──▶ ended
 *
 * The attempt number is the fencing token: once a lease has lapsed, what that attempt still
 * reports is recorded as late and changes nothing. Time counts from what this hub itself heard
 * since its own start, so a hub that slept or was down never blames its workers for it.
 * Source: reliability facts R10, R18, R20.
 */
import { createStepper, ignore, type Moment, type Table } from './table.ts';

/** Where the lease stands; instants are monotonic milliseconds of this hub. */
export type LeaseState =
  | { readonly is: 'held'; readonly heardAt: number; readonly lostAfterMs: number }
  | { readonly is: 'lapsed' }
  | { readonly is: 'ended' };

/** What can happen to it. `heard`: the worker spoke. */
export type LeaseEvent =
  | { readonly type: 'heard' }
  | { readonly type: 'tick' }
  | { readonly type: 'ended' };

/** What it asks for. */
export type LeaseEffect = { readonly do: 'declare-lost' };

/** A lease begins: at dispatch, or when a hub comes back and finds the attempt unended. */
export function grantLease(lostAfterMs: number, { nowMs }: Moment): LeaseState {
  return { is: 'held', heardAt: nowMs, lostAfterMs };
}

const table: Table<LeaseState, LeaseEvent, LeaseEffect> = {
  held: {
    heard: (state, _event, { nowMs }) => ({ state: { ...state, heardAt: nowMs }, effects: [] }),
    tick: (state, _event, { nowMs }) =>
      nowMs - state.heardAt < state.lostAfterMs
        ? { state, effects: [] }
        : { state: { is: 'lapsed' }, effects: [{ do: 'declare-lost' }] },
    ended: () => ({ state: { is: 'ended' }, effects: [] }),
  },
  lapsed: {
    heard: ignore('too late: the outcome stands, whatever comes is recorded as late'),
    tick: ignore('already declared'),
    ended: ignore('the outcome is already lost; first writer wins'),
  },
  ended: {
    heard: ignore('nothing is owed any more'),
    tick: ignore('nothing is owed any more'),
    ended: ignore('already so'),
  },
};

/** One step. Pure. */
export const stepLease = createStepper('lease', table);

/** When a tick is due, monotonic milliseconds; undefined when none is. */
export function findLeaseDeadline(state: LeaseState): number | undefined {
  return state.is === 'held' ? state.heardAt + state.lostAfterMs : undefined;
}
