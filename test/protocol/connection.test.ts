/*
 * One link: nothing counts before hello, rubbish ends it with a code, silence ends it in time.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { encodeValue } from '../../protocol/codec.ts';
import { Connection, type ConnectionOwner } from '../../protocol/connection.ts';
import {
  frameBytesBeforeHelloMax,
  helloMsMax,
  hubPingRestMs,
  staleAfterMsDefault,
  suspectAfterMsDefault,
} from '../../protocol/limits.ts';
import type { BoxLoad } from '../../protocol/model.ts';
import { createLinkPair } from '../../protocol/transports/memory.ts';
import { FakePorts, settle } from './fake-ports.ts';
import { makeHello, ownStore, peerStore, RawPeer } from './raw-peer.ts';

let ports: FakePorts;
let peer: RawPeer;
let connection: Connection;
let told: string[];
let spent: number;
let load: BoxLoad | undefined;
let arriving: { arrivedBytes: number };

beforeEach(() => connect(0));

async function connect(pingRestMs: number): Promise<void> {
  ports = new FakePorts();
  told = [];
  spent = 0;
  load = undefined;
  const owner: ConnectionOwner = {
    compose: (forStore, isOpen) => makeHello({ store: ownStore, forStore, isOpen, role: 'hub' }),
    opened: (_connection, hello) => told.push(`opened ${hello.store.slice(0, 1)}`),
    frame: (_connection, frame) => told.push(`frame ${frame.t}`),
    presence: (_connection, as) => told.push(as),
    drained: () => told.push('drained'),
    countQueued: () => undefined,
    answered: (_connection, { monotonicMs }) => told.push(`answered ${monotonicMs}`),
    affords: (cost) => {
      spent += cost;
      return spent < 100;
    },
    closed: (_connection, reason) => told.push(`closed ${reason}`),
  };
  const [link, far] = createLinkPair('a', 'b');
  arriving = link as typeof arriving;
  connection = new Connection({
    ...{ link, owner, ports, ownStore },
    ...{ knownStore: null, pingRestMs },
    load: { read: () => load, told: ({ cpuLoad }) => told.push(`load ${cpuLoad}`) },
  });
  connection.start();
  peer = new RawPeer(far);
  await settle();
}

async function open(): Promise<void> {
  peer.say(makeHello());
  await settle();
  connection.serve();
}

describe('connection', () => {
  test('connection: both say hello, each for the store that it heard of', async () => {
    expect(peer.pick('hello')).toEqual([
      makeHello({ store: ownStore, forStore: null, role: 'hub' }),
    ]);
    peer.say(makeHello({ forStore: null }));
    await settle();
    expect(peer.pick('hello').at(-1)).toMatchObject({ forStore: peerStore, isOpen: false });
    expect(connection.isOpen).toBe(false);
    await open();
    expect(peer.pick('hello').at(-1)).toMatchObject({ forStore: peerStore, isOpen: true });
    expect(told).toEqual(['opened b']);
    expect(connection.isOpen).toBe(true);
  });

  test('connection: a ping tells of the box what its owner has to say, and the peer’s is told', async () => {
    await open();
    await ports.advance(1100);
    expect(peer.pick('ping').at(-1)).not.toHaveProperty('load');
    load = { cpuLoad: 1.5, memoryFreeBytes: 2 };
    await ports.advance(1100);
    expect(peer.pick('ping').at(-1)).toMatchObject({ load });
    peer.say({ t: 'ping', at: 7, load: { cpuLoad: 3, memoryFreeBytes: 4 } });
    await settle();
    expect(told).toContain('load 3');
    expect(peer.pick('pong').at(-1)).toMatchObject({ at: 7 });
  });

  test('connection: a ping is answered once its peer is served, the newest alone of those before', async () => {
    peer.say(makeHello());
    await settle();
    for (const at of [3, 4]) peer.say({ t: 'ping', at });
    await settle();
    expect(peer.pick('pong')).toEqual([]);
    connection.serve();
    await settle();
    expect(peer.pick('pong')).toMatchObject([{ at: 4 }]);
    peer.say({ t: 'ping', at: 5 });
    await settle();
    expect(peer.pick('pong')).toMatchObject([{ at: 4 }, { at: 5 }]);
  });

  test('connection: frames before hello are not taken, known or not', async () => {
    peer.say({ t: 'ack', received: 1, need: [] });
    peer.say({ t: 'ping', at: 1 });
    peer.sayBytes(encodeValue({ t: 'hug' }));
    await settle();
    expect(told).toEqual([]);
    expect(peer.heard.map((frame) => frame.t)).toEqual(['hello']);
  });

  test('connection: before hello a stranger makes us look at small frames only', async () => {
    const body = new Uint8Array(frameBytesBeforeHelloMax);
    peer.say({ t: 'data', seq: 1, body });
    await settle();
    expect(told).toEqual(['closed FRAME_TOO_LARGE']);
    expect(peer.pick('nak')).toMatchObject([{ code: 'FRAME_TOO_LARGE' }]);
  });

  test('connection: after hello a frame of that size is taken', async () => {
    await open();
    peer.say({ t: 'data', seq: 1, body: new Uint8Array(frameBytesBeforeHelloMax) });
    await settle();
    expect(told).toEqual(['opened b', 'frame data']);
  });

  test.each([
    ['rubbish', Uint8Array.of(0xc1)],
    ['a known kind that does not fit', encodeValue({ t: 'ack', received: -1, need: [] })],
    ['a value that is no frame', encodeValue([1])],
  ])('connection: %s is answered with nak and closes, open or not', async (_what, bytes) => {
    await open();
    peer.sayBytes(bytes);
    await settle();
    expect(peer.pick('nak')).toMatchObject([{ code: 'FRAME_INVALID' }]);
    expect(told.at(-1)).toBe('closed FRAME_INVALID');
    expect(peer.closedBecause).toBeDefined();
    expect(ports.timerCount).toBe(0);
  });

  test('connection: a kind that is not known gets nak and the link stays', async () => {
    await open();
    peer.sayBytes(encodeValue({ t: 'hug', arms: 2 }));
    peer.say({ t: 'ack', received: 0, need: [] });
    await settle();
    expect(peer.pick('nak')).toEqual([
      { t: 'nak', code: 'FRAME_UNKNOWN', message: 'I do not know "hug".' },
    ]);
    expect(told).toEqual(['opened b', 'frame ack']);
  });

  test('connection: a nak of an open peer is no reason to part, one before is', async () => {
    const nak = { t: 'nak', code: 'PEER_VERSION', message: 'Too old.' } as const;
    await open();
    peer.say(nak);
    await settle();
    expect(connection.isOpen).toBe(true);
    const [link, far] = createLinkPair('a', 'b');
    const owner = {
      affords: () => true,
      compose: () => makeHello(),
      closed: (_c: unknown, why: string) => told.push(why),
    };
    const other = new Connection({
      link,
      owner: owner as never,
      ports,
      ownStore,
      knownStore: null,
      pingRestMs: 0,
      load: { read: () => undefined, told: () => undefined },
    });
    other.start();
    new RawPeer(far).say(nak);
    await settle();
    expect(told.at(-1)).toBe('PEER_VERSION: Too old.');
  });

  test('connection: a peer without a shared version is told so', async () => {
    peer.say(makeHello({ protoMin: 2, protoMax: 9 }));
    await settle();
    expect(peer.pick('nak')).toMatchObject([{ code: 'PEER_VERSION' }]);
    expect(told).toEqual(['closed PEER_VERSION']);
  });

  test('connection: a peer that says no hello is given up in time, hello said again until then', async () => {
    await ports.advance(helloMsMax - 1);
    expect(told).toEqual([]);
    expect(peer.pick('hello').length).toBeGreaterThan(3);
    await ports.advance(1);
    expect(told).toEqual(['closed LINK_TIMEOUT']);
    expect(ports.timerCount).toBe(0);
  });

  test('connection: a hello that comes slowly is waited for, signs of life of the carrier are none', async () => {
    for (let second = 0; second < 20; second += 1) {
      await ports.advance(1000);
      arriving.arrivedBytes += 2000;
    }
    expect(told).toEqual([]);
    await open();
    expect(told).toEqual(['opened b']);
    await connect(0);
    for (let second = 0; second < 5; second += 1) {
      await ports.advance(1000);
      arriving.arrivedBytes += 40;
    }
    expect(told).toEqual(['closed LINK_TIMEOUT']);
  });

  test('connection: it pings, shows silence, and gives the link up at last', async () => {
    await open();
    await ports.advance(staleAfterMsDefault - 1);
    expect(told).toEqual(['opened b']);
    expect(peer.pick('ping').length).toBeGreaterThanOrEqual(3);
    await ports.advance(1);
    expect(told.at(-1)).toBe('stale');
    peer.say({ t: 'ping', at: 5 });
    await settle();
    expect(told.at(-1)).toBe('fresh');
    expect(peer.pick('pong')).toEqual([{ t: 'pong', at: 5 }]);
    await ports.advance(suspectAfterMsDefault - 1);
    expect(told.at(-1)).toBe('stale');
    await ports.advance(1);
    expect(told.at(-1)).toBe('closed LINK_TIMEOUT');
  });

  test('connection: a pong gives the round trip, once, and one that nobody asked for gives none', async () => {
    await open();
    await ports.advance(1);
    const at = peer.pick('ping')[0]?.at ?? -1;
    await ports.advance(30);
    peer.say({ t: 'pong', at: 1e12 });
    await settle();
    expect(connection.rttMs).toBeUndefined();
    peer.say({ t: 'pong', at });
    peer.say({ t: 'pong', at });
    await settle();
    expect(connection.rttMs).toBe(ports.nowMs - at);
    expect(told.filter((line) => line.startsWith('answered'))).toEqual([`answered ${at}`]);
  });

  test('connection: what the peer cannot afford ends the link with a code', async () => {
    await open();
    for (let at = 0; at < 120; at += 1) peer.say({ t: 'ping', at });
    await settle();
    expect(peer.pick('nak')).toMatchObject([{ code: 'PEER_FLOOD' }]);
    expect(told.at(-1)).toBe('closed PEER_FLOOD');
    expect(peer.pick('pong').length).toBeLessThan(100);
    expect(peer.pick('pong').length).toBeGreaterThan(50);
  });

  test('connection: once closed it sends nothing, takes nothing and says so once', async () => {
    await open();
    connection.close('enough');
    connection.close('again');
    peer.say({ t: 'ack', received: 0, need: [] });
    await ports.advance(60_000);
    expect(told).toEqual(['opened b', 'closed enough']);
    expect(connection.send({ t: 'ping', at: 0 })).toBe('closed');
    expect(ports.timerCount).toBe(0);
  });

  test.each([0, hubPingRestMs])(
    'connection: a large frame that comes slowly is no silence, and one that stops is (rest %i ms)',
    async (pingRestMs) => {
      await connect(pingRestMs);
      await open();
      told = [];
      for (let second = 0; second < 30; second += 1) {
        await ports.advance(1000);
        arriving.arrivedBytes += 2000;
      }
      expect(told).toEqual([]);
      // It cannot answer, and must hear that we are there.
      const pings = peer.pick('ping').map(({ at }) => at);
      const pauses = pings.slice(1).map((at, index) => at - (pings[index] ?? 0));
      expect(pings.length).toBeGreaterThan(18);
      expect(Math.max(...pauses)).toBeLessThan(staleAfterMsDefault);
      await ports.advance(staleAfterMsDefault);
      expect(told).toEqual(['stale']);
      await ports.advance(suspectAfterMsDefault - staleAfterMsDefault);
      expect(told).toEqual(['stale', 'closed LINK_TIMEOUT']);
    },
  );
});
