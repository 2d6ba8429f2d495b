/*
 * The session: two durable streams over links that come and go, and over stores that change.
 */
import { describe, expect, test } from 'vitest';
import { type DecodedFrame, decodeFrame, encodeFrame, type Frame } from '../../protocol/frames.ts';
import { ackWaitMs, resendMsMax } from '../../protocol/limits.ts';
import type { Link, LinkHandlers } from '../../protocol/transports/link.ts';
import { createLinkPair } from '../../protocol/transports/memory.ts';
import { settle } from './fake-ports.ts';
import { makeHello, peerStore, RawPeer } from './raw-peer.ts';
import { greet, Host, makeSession, queue, row, zero } from './session-bench.ts';

describe('session', () => {
  test('session: two sessions greet, and messages pass both ways once', async () => {
    const [hub, agent] = [new Host(), new Host()];
    const one = makeSession(hub, null);
    const two = makeSession(agent, null, peerStore);
    const [link, far] = createLinkPair('a', 'b');
    void one.session.attach(link);
    void two.session.attach(far);
    for (let turn = 0; turn < 3; turn += 1) await settle();
    queue(one.session, hub, 3);
    queue(two.session, agent, 2);
    await settle();
    await Promise.all([one, two].map(({ ports }) => ports.advance(ackWaitMs)));
    await settle();
    expect([hub.applied, agent.applied]).toEqual([
      [1, 2],
      [1, 2, 3],
    ]);
    expect(hub.told.slice(0, 5)).toEqual(['adopt b', 'opened', 'sent 1', 'sent 2', 'sent 3']);
    expect(hub.told.at(-1)).toBe('acked 3');
    expect(agent.told).toContain('acked 2');
    expect([one.session.received, two.session.received]).toEqual([2, 3]);
  });

  test('session: hello says where both streams stand, for the store it is about and no other', async () => {
    const host = new Host();
    host.marks = { acked: 3, queued: 9, received: 7 };
    const { session } = makeSession(host);
    const { peer } = await greet(session, { received: 3 });
    expect(peer.pick('hello')[0]).toMatchObject({
      forStore: peerStore,
      received: 7,
      queued: 9,
      name: 'alice',
    });
    const stranger = await greet(session, { store: 'c'.repeat(32), forStore: null });
    expect(stranger.peer.pick('hello')[1]).toMatchObject({
      forStore: 'c'.repeat(32),
      received: 0,
      queued: 0,
    });
  });

  test('session: what waited is sent from the peer’s cursor on when a link opens', async () => {
    const host = new Host();
    // An earlier life had these.
    host.marks = { acked: 0, queued: 2, received: 0 };
    const { session } = makeSession(host);
    queue(session, host, 4);
    const { peer } = await greet(session, { received: 2 });
    expect(peer.pick('data').map((frame) => frame.seq)).toEqual([3, 4]);
    expect(host.told).toEqual(['opened', 'acked 2', 'sent 3', 'sent 4']);
  });

  test('session: rows for another store than the streams’ are not theirs', async () => {
    const host = new Host();
    host.marks = { acked: 3, queued: 3, received: 0 };
    const { session } = makeSession(host);
    const { peer } = await greet(session, { received: 3 });
    session.queued('c'.repeat(32), [row(1)]);
    await settle();
    expect(peer.pick('data')).toEqual([]);
    expect(host.told).toEqual(['opened']);
  });

  test('session: what leaves in one turn shares a frame, where the peer said that it takes many', async () => {
    const host = new Host();
    const { session } = makeSession(host);
    queue(session, host, 2);
    const { peer } = await greet(session, { takesMany: true });
    queue(session, host, 1);
    queue(session, host, 1);
    await settle();
    expect(peer.pick('data').map(({ seq, more }) => [seq, more?.length])).toEqual([
      [1, 1],
      [3, 1],
    ]);
    expect(host.told).toEqual(['opened', 'sent 1', 'sent 2', 'sent 3', 'sent 4']);
    expect(peer.pick('hello')[0]).toMatchObject({ takesMany: true });
  });

  test('session: many messages of one frame are applied together and acknowledged once', async () => {
    const host = new Host();
    const { session, ports } = makeSession(host);
    const { peer } = await greet(session);
    peer.say({ t: 'data', seq: 1, body: row(1).bytes, more: [row(2).bytes, row(3).bytes] });
    await ports.advance(ackWaitMs);
    await settle();
    expect(peer.pick('ack')).toEqual([{ t: 'ack', received: 3, need: [] }]);
  });

  test('session: a peer with another store is adopted first, and the streams start at its marks', async () => {
    const host = new Host();
    host.marks = { acked: 5, queued: 5, received: 5 };
    const { session } = makeSession(host);
    host.marks = zero;
    const { peer } = await greet(session, { store: 'c'.repeat(32) });
    expect(host.told).toEqual(['adopt c', 'opened']);
    expect(session.peerStore).toBe('c'.repeat(32));
    peer.say({ t: 'data', seq: 1, body: row(1).bytes });
    await settle();
    expect(host.applied).toEqual([1]);
  });

  test('session: a store that two links bring at once is adopted once', async () => {
    const host = new Host();
    const { session } = makeSession(host, null);
    const both = await Promise.all([greet(session), greet(session)]);
    await settle();
    await settle();
    expect(host.told.filter((line) => line.startsWith('adopt'))).toHaveLength(1);
    expect(await both[0]?.ended).toBe('replaced');
  });

  test('session: a commit that ends after the peer’s store changed moves nothing', async () => {
    const host = new Host();
    const { session } = makeSession(host);
    const { peer } = await greet(session);
    let finish: () => void = () => undefined;
    host.mayApply = new Promise<void>((resolve) => {
      finish = resolve;
    });
    peer.say({ t: 'data', seq: 1, body: row(1).bytes });
    await settle();
    const { peer: other } = await greet(session, { store: 'c'.repeat(32) });
    // The new stream is applying a message of the same number, and has not committed it.
    host.mayApply = new Promise(() => undefined);
    other.say({ t: 'data', seq: 1, body: row(1).bytes });
    await settle();
    finish();
    await settle();
    expect(host.applied).toEqual([1]);
    expect(session.received).toBe(0);
    expect(other.pick('ack')).toEqual([]);
  });

  test('session: an ack goes out only after the commit, and over the link that is open then', async () => {
    const host = new Host();
    const { session, ports } = makeSession(host);
    const { peer } = await greet(session);
    let finish: () => void = () => undefined;
    host.mayApply = new Promise<void>((resolve) => {
      finish = resolve;
    });
    peer.say({ t: 'data', seq: 1, body: row(1).bytes });
    await ports.advance(ackWaitMs);
    expect(peer.pick('ack')).toEqual([]);
    const { peer: second } = await greet(session, { queued: 1 });
    finish();
    await ports.advance(ackWaitMs);
    await settle();
    expect(second.pick('ack')).toEqual([{ t: 'ack', received: 1, need: [] }]);
    expect(peer.pick('ack')).toEqual([]);
  });

  test('session: an ack that comes before the reloaded rows is no regression', async () => {
    const host = new Host();
    const { session } = makeSession(host);
    const { peer } = await greet(session);
    queue(session, host, 2);
    await settle();
    peer.close();
    await settle();
    const [link, far] = createLinkPair('a', 'b');
    void session.attach(link);
    const again = new RawPeer(far);
    again.say(makeHello());
    again.say({ t: 'ack', received: 2, need: [] });
    await settle();
    expect(host.told).not.toContain('trouble PEER_REGRESSED');
    expect(host.told.at(-1)).toBe('acked 2');
    queue(session, host, 1);
    await settle();
    expect(again.pick('data').map((frame) => frame.seq)).toContain(3);
  });

  test('session: a commit that fails closes the link and acknowledges nothing', async () => {
    const host = new Host();
    const { session } = makeSession(host);
    const { peer, ended } = await greet(session);
    host.mayApply = Promise.reject(new Error('disk'));
    host.mayApply.catch(() => undefined);
    peer.say({ t: 'data', seq: 1, body: row(1).bytes });
    expect(await ended).toBe('STORE_IO');
    expect(peer.pick('ack')).toEqual([]);
    expect(session.received).toBe(0);
  });

  test('session: a peer that forgot is refused, its host is told, and a later link too', async () => {
    const host = new Host();
    host.marks = { acked: 5, queued: 8, received: 0 };
    const { session } = makeSession(host);
    const { peer, ended } = await greet(session, { received: 4 });
    expect(await ended).toBe('PEER_REGRESSED');
    expect(peer.pick('nak')).toMatchObject([{ code: 'PEER_REGRESSED' }]);
    expect(host.told).toContain('trouble PEER_REGRESSED');
    expect(peer.pick('data')).toEqual([]);
  });

  test('session: what waits in our own link is not sent again behind itself', async () => {
    const host = new Host();
    const { session, ports } = makeSession(host);
    const slow = openSlowLink();
    void session.attach(slow.link);
    slow.say(makeHello());
    await settle();
    queue(session, host, 1);
    await ports.advance(resendMsMax);
    expect(slow.countData()).toBe(1);
    slow.drain();
    await ports.advance(resendMsMax);
    expect(slow.countData()).toBeGreaterThan(1);
  });

  test('session: what is not acknowledged is sent again after a pause', async () => {
    const host = new Host();
    const { session, ports } = makeSession(host);
    const { peer } = await greet(session);
    queue(session, host, 2);
    await settle();
    await ports.advance(1000);
    const seqs = peer.pick('data').map((frame) => frame.seq);
    expect(seqs.slice(0, 3)).toEqual([1, 2, 1]);
    expect(host.told.filter((line) => line.startsWith('sent'))).toEqual(['sent 1', 'sent 2']);
  });

  test('session: a pairing frame has no place on it', async () => {
    const host = new Host();
    const { session } = makeSession(host);
    const { peer, ended } = await greet(session);
    peer.say({ t: 'paired', name: 'mallory' });
    expect(await ended).toBe('FRAME_INVALID');
  });

  test('session: stop ends every link, greeted or not, and takes no more', async () => {
    const host = new Host();
    const { session, ports } = makeSession(host);
    const { ended } = await greet(session);
    const [link] = createLinkPair('a', 'b');
    const greeting = session.attach(link);
    session.stop('over');
    session.stop('over');
    expect(await Promise.all([ended, greeting])).toEqual(['over', 'over']);
    const [late] = createLinkPair('a', 'b');
    expect(await session.attach(late)).toBe('stopped');
    expect(session.sendFrame({ t: 'log-ask', attempt: 'J1.1' })).toBe('closed');
    expect(ports.timerCount).toBe(0);
  });

  test('session: a pong says what is queued and our clock, for leases and deadlines of the peer', async () => {
    const host = new Host();
    const { session, ports } = makeSession(host);
    const { peer } = await greet(session);
    peer.say({ t: 'ping', at: 5 });
    await settle();
    host.queued = 7;
    peer.say({ t: 'ping', at: 6 });
    await settle();
    expect(peer.pick('pong').map(({ at, queued, wallMs }) => [at, queued, wallMs])).toEqual([
      [5, undefined, undefined],
      [6, 7, ports.clock.wallMs()],
    ]);
  });

  test('session: it is renewed as of the ping that was answered, once what was queued is applied', async () => {
    const host = new Host();
    const { session, ports } = makeSession(host);
    const greetedAt = ports.nowMs;
    const { peer } = await greet(session, { wallMs: 7000 });
    await ports.advance(1);
    const [ping] = peer.pick('ping');
    const at = ping?.at ?? -1;
    await ports.advance(500);
    peer.say({ t: 'pong', at, queued: 1, wallMs: 9000 });
    await settle();
    expect(host.times).toEqual([
      [7000, greetedAt],
      [9000, at],
    ]);
    expect([session.renewedAt, host.told.includes('renewed')]).toEqual([undefined, false]);
    peer.say({ t: 'data', seq: 1, body: row(1).bytes });
    for (let turn = 0; turn < 3; turn += 1) await settle();
    expect(session.renewedAt?.monotonicMs).toBe(at);
    expect(host.told).toContain('renewed');
  });

  test('session: what merely comes from the peer renews nothing, nor does a pong nobody asked for', async () => {
    const host = new Host();
    const { session } = makeSession(host);
    const { peer } = await greet(session);
    peer.say({ t: 'ping', at: 1 });
    peer.say({ t: 'pong', at: 123_456, queued: 0 });
    peer.say({ t: 'data', seq: 1, body: row(1).bytes });
    for (let turn = 0; turn < 3; turn += 1) await settle();
    expect([session.renewedAt, host.applied]).toEqual([undefined, [1]]);
  });
});

/** A link that is full from the first frame on, until it is drained; the peer is alive behind it. */
function openSlowLink() {
  const sent: DecodedFrame[] = [];
  let handlers: LinkHandlers | undefined;
  let isFull = true;
  const link: Link = {
    carrier: 'memory',
    peerKey: 'b',
    get arrivedBytes() {
      return 0;
    },
    open: (given) => {
      handlers = given;
    },
    send(bytes) {
      const frame = decodeFrame(bytes.slice());
      sent.push(frame);
      if (frame.t === 'ping') say({ t: 'pong', at: frame.at });
      return isFull ? 'full' : 'sent';
    },
    close: () => undefined,
  };
  const say = (frame: Frame) => queueMicrotask(() => handlers?.frame(encodeFrame(frame)));
  return {
    link,
    say,
    drain: () => {
      isFull = false;
      handlers?.drain();
    },
    countData: () => sent.filter(({ t }) => t === 'data').length,
  };
}
