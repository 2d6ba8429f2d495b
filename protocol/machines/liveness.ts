/*
 * Liveness of one link: how long the peer has been silent, and what that means.
 *
 *   fresh ──silent──▶ stale ──silent──▶ suspect (the link is given up)
 *     ▲──────heard──────┘
 *
 * Anything heard counts. Silence only ever ends a link and shows an age; it never ends a job (that
 * is the lease's business) and never says that the peer is dead. Carriers notice a killed peer after
 * 17 s or not at all, so each side watches for itself; a side that rests pings only who fell silent.
 * A process that did not run for a while (stopped, starved of CPU) could not hear, so then the peer
 * gets two more pings' time; no more, because a box that slept should dial again soon. Source: transport facts 0.4.
 */
import {
  pingMsDefault,
  staleAfterMsDefault,
  starvedMsMin,
  suspectAfterMsDefault,
} from '../limits.ts';
import { createStepper, ignore, type Moment, type Step, type Table } from './table.ts';

interface Ground {
  readonly heardAt: number;
  readonly pingAt: number;
  /** The last tick. */
  readonly lookedAt: number;
  /** After anything heard, no ping is sent for so long. */
  readonly restMs: number;
}

/** How fresh the peer is; instants are monotonic milliseconds. */
export type LivenessState =
  | (Ground & { readonly is: 'fresh' })
  | (Ground & { readonly is: 'stale' })
  | (Ground & { readonly is: 'suspect' });

/** What can happen to it. */
export type LivenessEvent = { readonly type: 'heard' } | { readonly type: 'tick' };

/** What it asks for. */
export type LivenessEffect =
  | { readonly do: 'ping' }
  | { readonly do: 'show'; readonly as: 'fresh' | 'stale' }
  | { readonly do: 'give-up' };

type Out = Step<LivenessState, LivenessEffect>;

/**
 * A link has just opened: heard now. Without a rest the first ping is due at once and pings go on
 * steadily; with one, only a peer that fell silent is pinged.
 */
export function createLiveness({ nowMs }: Moment, restMs: number): LivenessState {
  return { is: 'fresh', heardAt: nowMs, pingAt: nowMs, lookedAt: nowMs, restMs };
}

const table: Table<LivenessState, LivenessEvent, LivenessEffect> = {
  fresh: {
    heard: (state, _event, { nowMs }) => ({ state: { ...state, heardAt: nowMs }, effects: [] }),
    tick: watch,
  },
  stale: {
    heard: (state, _event, { nowMs }) => ({
      state: { ...state, is: 'fresh', heardAt: nowMs },
      effects: [{ do: 'show', as: 'fresh' }],
    }),
    tick: watch,
  },
  suspect: {
    heard: ignore('the link is being closed; the next one starts fresh'),
    tick: ignore('the link is being closed'),
  },
};

/** The silence that a peer is charged with after we were deaf: two pings short of giving it up. */
const deafSilenceMs = suspectAfterMsDefault - 2 * pingMsDefault;

/** One step. Pure. */
export const stepLiveness = createStepper('liveness', table);

/** When a tick is due, monotonic milliseconds. */
export function findLivenessDeadline(state: LivenessState): number | undefined {
  if (state.is === 'suspect') return undefined;
  const limit = state.is === 'fresh' ? staleAfterMsDefault : suspectAfterMsDefault;
  return Math.min(findPingAt(state), state.heardAt + limit);
}

function findPingAt({ pingAt, heardAt, restMs }: Ground): number {
  return Math.max(pingAt, heardAt + restMs);
}

function watch(
  state: Extract<LivenessState, { is: 'fresh' | 'stale' }>,
  _event: unknown,
  { nowMs, roll }: Moment,
): Out {
  // We could not hear while we did not run; the ping that is due now has a moment to be answered.
  const wasDeaf = nowMs - state.lookedAt >= starvedMsMin;
  const heardAt = wasDeaf ? Math.max(state.heardAt, nowMs - deafSilenceMs) : state.heardAt;
  const silentMs = nowMs - heardAt;
  if (silentMs >= suspectAfterMsDefault) {
    return { state: { ...state, is: 'suspect' }, effects: [{ do: 'give-up' }] };
  }
  const effects: LivenessEffect[] = [];
  const isNewlyStale = state.is === 'fresh' && silentMs >= staleAfterMsDefault;
  if (isNewlyStale) effects.push({ do: 'show', as: 'stale' });
  let { pingAt } = state;
  if (nowMs >= findPingAt({ ...state, heardAt })) {
    effects.push({ do: 'ping' });
    // ±10 %, so that a thousand agents that started together do not ping together.
    pingAt = nowMs + pingMsDefault * (0.9 + roll / 5);
  }
  const is = isNewlyStale ? 'stale' : state.is;
  return { state: { ...state, is, heardAt, pingAt, lookedAt: nowMs }, effects };
}
