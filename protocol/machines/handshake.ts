/*
 * The handshake of one link: both sides say hello until each knows the other's store.
 *
 *   greeting ──hello for another store of ours──▶ greeting (says hello again)
 *   greeting ──hello that names our store───────▶ open
 *   greeting ──no shared version / too slow─────▶ refused
 *
 * `received` in a hello only counts for the store it names, so a wiped or restored peer can never
 * be taken for its predecessor. A hello is always answered until the peer says that it is open;
 * answering once only left streams stuck for ever. Source: reliability facts R5, section 2.4.
 */
import type { ErrorCode } from '../errors.ts';
import { type HelloFrame, ownVersions } from '../frames.ts';
import { helloMsMax } from '../limits.ts';
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
    }
  | {
      readonly is: 'open';
      readonly ownStore: string;
      readonly forStore: string;
      /** What both speak from here on. */
      readonly version: number;
    }
  | { readonly is: 'refused'; readonly ownStore: string };

/** What can happen to it. */
export type HandshakeEvent =
  | { readonly type: 'hello'; readonly hello: HelloFrame }
  | { readonly type: 'tick' };

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

function hearHello(state: Greeting, { hello }: { readonly hello: HelloFrame }): Out {
  const version = negotiateVersion(ownVersions, hello);
  if (version === undefined) return refuse(state, 'PEER_VERSION');
  const forStore = hello.store;
  if (hello.forStore !== state.ownStore) {
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

function answerHello(state: Open, { hello }: { readonly hello: HelloFrame }): Out {
  if (hello.store !== state.forStore) return refuse(state, 'FRAME_INVALID');
  if (hello.isOpen) return { state, effects: [] };
  return { state, effects: [{ do: 'say', forStore: state.forStore, isOpen: true }] };
}

function greetAgain(state: Greeting, _event: unknown, { nowMs }: Moment): Out {
  if (nowMs >= state.giveUpAt) return refuse(state, 'LINK_TIMEOUT');
  if (nowMs < state.sayAgainAt) return { state, effects: [] };
  return {
    state: { ...state, sayAgainAt: nowMs + helloAgainMs },
    effects: [{ do: 'say', forStore: state.forStore, isOpen: false }],
  };
}

function refuse(state: HandshakeState, code: ErrorCode): Out {
  return {
    state: { is: 'refused', ownStore: state.ownStore },
    effects: [{ do: 'refuse', code }],
  };
}
