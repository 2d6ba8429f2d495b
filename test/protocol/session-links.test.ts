/*
 * Which of several links with one peer a session speaks over.
 */
import { describe, expect, test } from 'vitest';
import { AppError } from '../../protocol/errors.ts';
import { earlyFramesMax, linkLagMsMax } from '../../protocol/limits.ts';
import type { Session } from '../../protocol/session.ts';
import { createLinkPair } from '../../protocol/transports/memory.ts';
import { settle } from './fake-ports.ts';
import { makeHello, RawPeer } from './raw-peer.ts';
import { greet, Host, makeSession, queue, row } from './session-bench.ts';

describe('session', () => {
  test('session: the newest link that has greeted replaces the one before', async () => {
    const host = new Host();
    const { session } = makeSession(host);
    const first = await greet(session);
    const second = await greet(session);
    expect(await first.ended).toBe('replaced');
    first.peer.say({ t: 'data', seq: 1, body: row(1).bytes });
    second.peer.say({ t: 'log-ask', attempt: 'J1.1' });
    await settle();
    expect(host.applied).toEqual([]);
    expect(host.told).toEqual(['opened', 'opened', 'frame log-ask']);
    expect(session.connection?.isOpen).toBe(true);
  });

  test('session: a link that has not greeted replaces nothing', async () => {
    const host = new Host();
    const { session } = makeSession(host);
    const first = await greet(session);
    const [link] = createLinkPair('a', 'b');
    void session.attach(link);
    await settle();
    queue(session, host, 1);
    await settle();
    expect(first.peer.pick('data')).toHaveLength(1);
    expect(host.told).toEqual(['opened', 'sent 1']);
  });

  test('session: a link that greets after a newer one had is replaced, and says nothing', async () => {
    const host = new Host();
    const { session } = makeSession(host);
    const [link, far] = createLinkPair('a', 'b');
    const ended = session.attach(link);
    const late = new RawPeer(far);
    queue(session, host, 2);
    const { peer } = await greet(session);
    peer.say({ t: 'ack', received: 2, need: [] });
    await settle();
    // Said before the newer link was dialled, and long under way.
    late.say(makeHello({ received: 0 }));
    expect(await ended).toBe('replaced');
    await settle();
    expect(host.told.filter((line) => line === 'opened')).toHaveLength(1);
    expect(host.told.filter((line) => line.startsWith('trouble'))).toEqual([]);
    expect(session.connection?.isOpen).toBe(true);
  });

  test('session: a hello that an older link overtook with an ack ends its own link, and nothing else', async () => {
    const host = new Host();
    const { session } = makeSession(host);
    const { peer } = await greet(session);
    const second = dial(session);
    queue(session, host, 2);
    await settle();
    peer.say({ t: 'ack', received: 2, need: [] });
    await settle();
    second.peer.say(makeHello({ received: 0 }));
    expect(await second.ended).toBe('overtaken');
    expect(host.told.filter((line) => line.startsWith('trouble'))).toEqual([]);
    queue(session, host, 1);
    await settle();
    expect(peer.pick('data')).toHaveLength(3);
    await greet(session, { received: 2 });
    expect(host.told.filter((line) => line === 'opened')).toHaveLength(2);
  });

  test('session: a hello that an older link overtook with a message states no inventory of now', async () => {
    const host = new Host();
    let applied: () => void = () => {};
    host.mayApply = new Promise<void>((resolve) => (applied = resolve));
    const { session } = makeSession(host);
    const { peer } = await greet(session);
    const second = dial(session);
    peer.say({ t: 'data', seq: 1, body: row(1).bytes });
    await settle();
    // While it is being applied, and so believed, though not on the disk.
    second.peer.say(makeHello({ queued: 0 }));
    expect(await second.ended).toBe('overtaken');
    applied();
    await settle();
    expect([host.told, host.applied]).toEqual([['opened'], [1]]);
    expect(session.connection?.isOpen).toBe(true);
  });

  test('session: a peer that went back is told so once no other link of it is there', async () => {
    const host = new Host();
    const { session, ports } = makeSession(host);
    const { peer, ended } = await greet(session);
    queue(session, host, 2);
    await settle();
    peer.say({ t: 'ack', received: 2, need: [] });
    await settle();
    const early = await greet(session, { received: 0 });
    expect(await early.ended).toBe('overtaken');
    peer.close();
    await ended;
    await ports.advance(linkLagMsMax);
    const late = await greet(session, { received: 0 });
    expect(await late.ended).toBe('PEER_REGRESSED');
    expect(host.told).toContain('trouble PEER_REGRESSED');
    // However often it dials and is refused, that is no word of it.
    const { heardAt } = session;
    await ports.advance(1);
    const again = await greet(session, { received: 0 });
    expect(await again.ended).toBe('PEER_REGRESSED');
    expect([session.heardAt, session.unopened]).toEqual([heardAt, []]);
  });

  test('session: the link of a store that was given up ends with it, also where the new store’s is gone', async () => {
    const host = new Host();
    const { session } = makeSession(host);
    const first = await greet(session);
    const [link, far] = createLinkPair('a', 'b');
    void session.attach(link);
    const fresh = new RawPeer(far);
    fresh.say(makeHello({ store: 'c'.repeat(32) }));
    await settle();
    expect(host.told).toEqual(['opened', 'adopt c']);
    far.close('gone');
    await settle();
    await settle();
    // The first message of the old store is none of the new one's streams, nor is an ack.
    first.peer.say({ t: 'data', seq: 1, body: row(1).bytes });
    first.peer.say({ t: 'ack', received: 9, need: [] });
    await settle();
    expect([session.peerStore, host.applied]).toEqual(['c'.repeat(32), []]);
    expect(await first.ended).toBe('replaced');
    await greet(session, { store: 'c'.repeat(32) });
    expect(host.told).toEqual(['opened', 'adopt c', 'closed replaced', 'opened']);
  });

  test('session: what a peer says once a link is taken after the adoption that it came in the middle of', async () => {
    const host = new Host();
    const { session } = makeSession(host);
    const { peer, ended } = await greetAndSay(session, earlyFramesMax + 5);
    expect(host.told).toEqual(['adopt c', 'opened', ...Array(earlyFramesMax).fill('frame policy')]);
    // Messages come again by themselves.
    expect(host.applied).toEqual([]);
    peer.close();
    expect(await ended).toBe('closed by peer');
  });

  test('session: what a link said while a store was adopted goes with it where it ends meanwhile', async () => {
    const host = new Host();
    const { session } = makeSession(host);
    const [link, far] = createLinkPair('a', 'b');
    const ended = session.attach(link);
    const peer = new RawPeer(far);
    peer.say(makeHello({ store: 'c'.repeat(32) }));
    peer.say({ t: 'policy', is: 'open', lines: [] });
    peer.close();
    await ended;
    await greet(session, { store: 'c'.repeat(32) });
    expect(host.told).toEqual(['adopt c', 'opened']);
  });

  test('session: a peer that our disk keeps waiting, or does not take, is heard all the same', async () => {
    const host = new Host();
    const { session, ports } = makeSession(host);
    let refuse: (error: Error) => void = () => {};
    host.adopt = () => new Promise((_, reject) => (refuse = reject));
    expect(session.heardAt).toBeUndefined();
    await ports.advance(1000);
    const { ended } = await greet(session, { store: 'c'.repeat(32) });
    const heardAt = ports.clock.monotonicMs();
    expect([session.connection, session.heardAt]).toEqual([undefined, heardAt]);
    await ports.advance(500);
    refuse(new Error('the disk'));
    expect(await ended).toBe('STORE_IO');
    expect(session.heardAt).toBe(heardAt);
  });

  test('session: a peer that speaks from a store which was given up is told so, and is not heard by that', async () => {
    const host = new Host();
    const { session, ports } = makeSession(host);
    host.adopt = () => Promise.reject(new AppError('PEER_REGRESSED'));
    const first = await greet(session, { store: 'c'.repeat(32) });
    expect(await first.ended).toBe('PEER_REGRESSED');
    expect(first.peer.pick('nak')).toMatchObject([{ code: 'PEER_REGRESSED' }]);
    expect(session.heardAt).toBeUndefined();
    // Nor while the disk is asked once more.
    host.adopt = () => new Promise(() => {});
    await ports.advance(1000);
    const second = await greet(session, { store: 'c'.repeat(32) });
    second.peer.say({ t: 'ping', at: 1 });
    await settle();
    expect(session.heardAt).toBeUndefined();
    second.peer.close();
    await second.ended;
    expect(session.heardAt).toBeUndefined();
  });

  test('session: a link that never greeted is not heard', async () => {
    const { session, ports } = makeSession(new Host());
    const [link, far] = createLinkPair('a', 'b');
    const ended = session.attach(link);
    await ports.advance(1000);
    new RawPeer(far).close();
    await ended;
    expect(session.heardAt).toBeUndefined();
  });
});

/** Attaches a link and gives its far end, which has not greeted yet. */
function dial(session: Session) {
  const [link, far] = createLinkPair('a', 'b');
  const ended = session.attach(link);
  return { peer: new RawPeer(far), ended };
}

/** A link that speaks from a new store, and goes on in the same breath. */
async function greetAndSay(session: Session, count: number) {
  const [link, far] = createLinkPair('a', 'b');
  const ended = session.attach(link);
  const peer = new RawPeer(far);
  peer.say(makeHello({ store: 'c'.repeat(32) }));
  peer.say({ t: 'data', seq: 1, body: row(1).bytes });
  for (let at = 0; at < count; at += 1) peer.say({ t: 'policy', is: 'open', lines: [] });
  for (let turn = 0; turn < 3; turn += 1) await settle();
  return { peer, ended };
}
