/*
 * The handshake of one link: both sides say hello until each knows the other's store.
 *
 *   greeting ──hello for another store of ours──▶ greeting (says hello again)
 *   greeting ──hello that names our store───────▶ open
 *   greeting ──no shared version / too slow─────▶ refused
 *
 * `received` in a hello only counts for the store it names, so a wiped or restored peer can never
 * be taken for its predecessor. A hello is always answered until the peer says that it is open (once left streams
 * stuck for ever), but not with what our end of the link still holds; one that is coming is waited for, as a long
 * inventory takes many seconds on a slow line. Source: reliability facts R5, section 2.4.
 */
import type { ErrorCode } from '../errors.ts';
import { type HelloFrame, ownVersions } from '../frames.ts';
import { helloMsMax, slowHelloMsMax } from '../limits.ts';
import { negotiateVersion } from '../version.ts';
import { createStepper, ignore, type Moment, type Step, type Table } from './table.ts';

/** How often a hello is said again while it has no answer, milliseconds. */
export const helloAgainMs = 1000;

/** Where the handshake stands. `forStore` is the peer's store as last heard, null before. */
export type HandshakeState =
  | {
      readonly is: 'greeting';
      readonly ownStore: string;
      readonly forStore: string | null;
      readonly sayAgainAt: number;
      readonly giveUpAt: number;
      /** Later than this it is not given up, however much comes. */
      readonly endAt: number;
    }
  | {
      readonly is: 'open';
      readonly ownStore: string;
      readonly forStore: string;
      /** What both speak from here on. */
      readonly version: number;
    }
  | { readonly is: 'refused'; readonly ownStore: string };

/** What can happen to it. `isHeldUp`: our end of the link still holds what was said. */
export type HandshakeEvent =
  | { readonly type: 'hello'; readonly hello: HelloFrame; readonly isHeldUp: boolean }
  /** `isArriving`: since the last tick something came of what the peer says. */
  | { readonly type: 'tick'; readonly isHeldUp: boolean; readonly isArriving: boolean };

/** What it asks for. `say` sends our hello for the named store of the peer. */
export type HandshakeEffect =
  | { readonly do: 'say'; readonly forStore: string | null; readonly isOpen: boolean }
  | { readonly do: 'opened'; readonly hello: HelloFrame }
  | { readonly do: 'refuse'; readonly code: ErrorCode };

type Out = Step<HandshakeState, HandshakeEffect>;
type Greeting = Extract<HandshakeState, { is: 'greeting' }>;
type Open = Extract<HandshakeState, { is: 'open' }>;

/** A link has come up; `knownStore` is what the peer's store was last time, null for a new peer. */
export function openHandshake(ownStore: string, knownStore: string | null, moment: Moment): Out {
  return {
    state: {
      is: 'greeting',
      ownStore,
      forStore: knownStore,
      sayAgainAt: moment.nowMs + helloAgainMs,
      giveUpAt: moment.nowMs + helloMsMax,
      endAt: moment.nowMs + slowHelloMsMax,
    },
    effects: [{ do: 'say', forStore: knownStore, isOpen: false }],
  };
}

const table: Table<HandshakeState, HandshakeEvent, HandshakeEffect> = {
  greeting: { hello: hearHello, tick: greetAgain },
  open: { hello: answerHello, tick: ignore('nothing is awaited') },
  refused: {
    hello: ignore('the link is being closed'),
    tick: ignore('the link is being closed'),
  },
};

/** One step. Pure. */
export const stepHandshake = createStepper('handshake', table);

/** When a tick is due, monotonic milliseconds; undefined when none is. */
export function findHandshakeDeadline(state: HandshakeState): number | undefined {
  return state.is === 'greeting' ? Math.min(state.sayAgainAt, state.giveUpAt) : undefined;
}

type Heard = Extract<HandshakeEvent, { type: 'hello' }>;
type Tick = Extract<HandshakeEvent, { type: 'tick' }>;

function hearHello(state: Greeting, { hello, isHeldUp }: Heard): Out {
  const version = negotiateVersion(ownVersions, hello);
  if (version === undefined) return refuse(state, 'PEER_VERSION');
  const forStore = hello.store;
  if (hello.forStore !== state.ownStore) {
    if (isHeldUp && state.forStore === forStore) return { state, effects: [] };
    return {
      state: { ...state, forStore },
      effects: [{ do: 'say', forStore, isOpen: false }],
    };
  }
  return {
    state: { is: 'open', ownStore: state.ownStore, forStore, version },
    effects: [
      { do: 'say', forStore, isOpen: true },
      { do: 'opened', hello },
    ],
  };
}

function answerHello(state: Open, { hello, isHeldUp }: Heard): Out {
  if (hello.store !== state.forStore) return refuse(state, 'FRAME_INVALID');
  // What is held up is the hello that this one asks for, said when this side opened.
  if (hello.isOpen || isHeldUp) return { state, effects: [] };
  return { state, effects: [{ do: 'say', forStore: state.forStore, isOpen: true }] };
}

function greetAgain(state: Greeting, { isHeldUp, isArriving }: Tick, { nowMs }: Moment): Out {
  const { forStore, endAt } = state;
  const giveUpAt = isArriving ? Math.min(nowMs + helloMsMax, endAt) : state.giveUpAt;
  if (nowMs >= giveUpAt) return refuse(state, 'LINK_TIMEOUT');
  if (nowMs < state.sayAgainAt) return { state: { ...state, giveUpAt }, effects: [] };
  return {
    state: { ...state, giveUpAt, sayAgainAt: nowMs + helloAgainMs },
    effects: isHeldUp ? [] : [{ do: 'say', forStore, isOpen: false }],
  };
}

function refuse(state: HandshakeState, code: ErrorCode): Out {
  return {
    state: { is: 'refused', ownStore: state.ownStore },
    effects: [{ do: 'refuse', code }],
  };
}
