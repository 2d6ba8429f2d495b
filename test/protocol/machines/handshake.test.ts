/*
 * The handshake: two sides that say hello until each knows the other's store, and no longer.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HelloFrame, protocolMax, protocolMin } from '../../../protocol/frames.ts';
import { helloMsMax, slowHelloMsMax } from '../../../protocol/limits.ts';
import {
  findHandshakeDeadline,
  type HandshakeEvent,
  type HandshakeState,
  helloAgainMs,
  openHandshake,
  stepHandshake,
} from '../../../protocol/machines/handshake.ts';

const own = 'a'.repeat(32);
const theirs = 'b'.repeat(32);
const at = (nowMs: number) => ({ nowMs, roll: 0.5 });
const tick = { type: 'tick', isHeldUp: false, isArriving: false } as const;

function makeHello(fields: Partial<HelloFrame> = {}): HelloFrame {
  return {
    t: 'hello',
    protoMin: protocolMin,
    protoMax: protocolMax,
    role: 'hub',
    version: '1',
    store: theirs,
    incarnation: 1,
    forStore: own,
    received: 0,
    queued: 0,
    isOpen: false,
    wallMs: 0,
    ...fields,
  };
}

function hear(fields: Partial<HelloFrame> = {}): HandshakeEvent {
  return { type: 'hello', hello: makeHello(fields), isHeldUp: false };
}

const greeting = openHandshake(own, null, at(0)).state;
const open: HandshakeState = { is: 'open', ownStore: own, forStore: theirs, version: protocolMax };
const refused: HandshakeState = { is: 'refused', ownStore: own };

describe('handshake', () => {
  test('handshake: a new link says hello for the store known from before', () => {
    expect(openHandshake(own, theirs, at(0)).effects).toEqual([
      { do: 'say', forStore: theirs, isOpen: false },
    ]);
  });

  test('handshake: a hello for another store of ours is answered with its sender’s store', () => {
    for (const forStore of [null, 'c'.repeat(32)]) {
      const { state, effects } = stepHandshake(greeting, hear({ forStore }), at(1));
      expect(state).toMatchObject({ is: 'greeting', forStore: theirs });
      expect(effects).toEqual([{ do: 'say', forStore: theirs, isOpen: false }]);
    }
  });

  test('handshake: a hello for our store opens, and says so first', () => {
    const { state, effects } = stepHandshake(greeting, hear(), at(1));
    expect(state).toEqual(open);
    expect(effects).toEqual([
      { do: 'say', forStore: theirs, isOpen: true },
      { do: 'opened', hello: makeHello() },
    ]);
  });

  test.each([
    { protoMin: protocolMax + 1, protoMax: protocolMax + 1 },
    { protoMin: protocolMin - 1, protoMax: protocolMin - 1 },
  ])('handshake: a peer without a shared version is refused, %o', (versions) => {
    const { state, effects } = stepHandshake(greeting, hear(versions), at(1));
    expect(state.is).toBe('refused');
    expect(effects).toEqual([{ do: 'refuse', code: 'PEER_VERSION' }]);
  });

  test('handshake: a peer that speaks newer versions besides ours is taken', () => {
    expect(stepHandshake(greeting, hear({ protoMax: protocolMax + 7 }), at(1)).state.is).toBe(
      'open',
    );
  });

  test('handshake: once open, a hello is answered until the peer is open too', () => {
    const answered = stepHandshake(open, hear({ isOpen: false }), at(9));
    expect(answered.effects).toEqual([{ do: 'say', forStore: theirs, isOpen: true }]);
    expect(stepHandshake(open, hear({ isOpen: true }), at(9))).toEqual({
      state: open,
      effects: [],
    });
  });

  test('handshake: a store that changes under an open link is refused', () => {
    const { effects } = stepHandshake(open, hear({ store: 'c'.repeat(32) }), at(9));
    expect(effects).toEqual([{ do: 'refuse', code: 'FRAME_INVALID' }]);
  });

  test('handshake: hello is said again exactly when due, and given up exactly at the end', () => {
    expect(findHandshakeDeadline(greeting)).toBe(helloAgainMs);
    expect(stepHandshake(greeting, tick, at(helloAgainMs - 1))).toEqual({
      state: greeting,
      effects: [],
    });
    const again = stepHandshake(greeting, tick, at(helloAgainMs));
    expect(again.effects).toEqual([{ do: 'say', forStore: null, isOpen: false }]);
    expect(findHandshakeDeadline(again.state)).toBe(2 * helloAgainMs);
    expect(stepHandshake(greeting, tick, at(helloMsMax - 1)).state.is).toBe('greeting');
    const late = stepHandshake(greeting, tick, at(helloMsMax));
    expect(late.effects).toEqual([{ do: 'refuse', code: 'LINK_TIMEOUT' }]);
  });

  test('handshake: a hello that is coming is waited for, each time as long as for any, and not for ever', () => {
    const arriving = { ...tick, isArriving: true };
    let state = greeting;
    let nowMs = 0;
    while (nowMs + helloAgainMs < slowHelloMsMax) {
      nowMs += helloAgainMs;
      state = stepHandshake(state, arriving, at(nowMs)).state;
      expect(state.is).toBe('greeting');
    }
    expect(stepHandshake(state, arriving, at(slowHelloMsMax - 1)).state.is).toBe('greeting');
    expect(stepHandshake(state, arriving, at(slowHelloMsMax)).effects).toEqual([
      { do: 'refuse', code: 'LINK_TIMEOUT' },
    ]);
    const begun = stepHandshake(greeting, arriving, at(helloMsMax - 1)).state;
    expect(stepHandshake(begun, tick, at(2 * helloMsMax - 2)).state.is).toBe('greeting');
    expect(stepHandshake(begun, tick, at(2 * helloMsMax - 1)).state.is).toBe('refused');
  });

  test('handshake: what our end of the link still holds is not said again, but for another store', () => {
    const heldUp = { isHeldUp: true } as const;
    const again = stepHandshake(greeting, { ...tick, ...heldUp }, at(helloAgainMs));
    expect(again.effects).toEqual([]);
    expect(findHandshakeDeadline(again.state)).toBe(2 * helloAgainMs);
    expect(stepHandshake(open, { ...hear(), ...heldUp }, at(9))).toEqual({
      state: open,
      effects: [],
    });
    const other = { ...hear({ forStore: null }), ...heldUp };
    const first = stepHandshake(greeting, other, at(1));
    expect(first.effects).toEqual([{ do: 'say', forStore: theirs, isOpen: false }]);
    expect(stepHandshake(first.state, other, at(2)).effects).toEqual([]);
    const opened = stepHandshake(first.state, { ...hear(), ...heldUp }, at(3));
    expect(opened.effects).toContainEqual({ do: 'say', forStore: theirs, isOpen: true });
  });

  test('handshake: what means nothing changes nothing', () => {
    for (const [state, event] of [
      [open, tick],
      [refused, tick],
      [refused, hear()],
    ] as const) {
      expect(stepHandshake(state, event, at(1e9))).toEqual({ state, effects: [] });
      expect(findHandshakeDeadline(state)).toBeUndefined();
    }
  });

  test('handshake: two sides both open and fall silent, whatever they knew and in whatever order', () => {
    const known = fc.constantFrom(null, 'c'.repeat(32), 'right');
    void fc.assert(
      fc.property(
        known,
        known,
        fc.array(fc.boolean(), { maxLength: 40 }),
        (knownA, knownB, order) => {
          const stores = [own, theirs] as const;
          const inbox: HelloFrame[][] = [[], []];
          const states: HandshakeState[] = [];
          const opened = [0, 0];
          const take = (side: 0 | 1, step: ReturnType<typeof stepHandshake>) => {
            states[side] = step.state;
            for (const effect of step.effects) {
              if (effect.do === 'opened') opened[side] = (opened[side] ?? 0) + 1;
              if (effect.do !== 'say') continue;
              const { forStore, isOpen } = effect;
              inbox[1 - side]?.push(makeHello({ store: stores[side], forStore, isOpen }));
            }
          };
          const start = (side: 0 | 1, knows: string | null) =>
            take(
              side,
              openHandshake(
                stores[side],
                knows === 'right' ? (stores[1 - side] as string) : knows,
                at(0),
              ),
            );
          start(0, knownA);
          start(1, knownB);
          const turns = [...order, ...new Array<boolean[]>(40).fill([true, false]).flat()];
          for (const turn of turns) {
            const side = turn ? 0 : 1;
            const hello = inbox[side]?.shift();
            const state = states[side];
            if (hello === undefined || state === undefined) continue;
            take(side, stepHandshake(state, { type: 'hello', hello, isHeldUp: false }, at(1)));
          }
          expect(states.map((state) => state.is)).toEqual(['open', 'open']);
          expect(opened).toEqual([1, 1]);
          expect(inbox).toEqual([[], []]);
        },
      ),
    );
  });
});
