/*
 * An agent whose disk was put back to a copy: what the copy says is still to be done may be done long since.
 */
import { expect, test } from 'vitest';
import type { Work } from '../../agent/work/work.ts';
import { readInstant } from '../../protocol/machines/renewal.ts';
import { encodeMessage } from '../../protocol/messages.ts';
import { createLinkPair } from '../../protocol/transports/memory.ts';
import { settle } from '../protocol/fake-ports.ts';
import { makeHello, RawPeer } from '../protocol/raw-peer.ts';
import { openAgent } from './agent-bench.ts';
import { assign, hubStore, processMark } from './desk-bench.ts';

/** An agent that has accepted J1.1 and not begun it, and its hub's end of a link that has greeted. */
async function openAccepted(received: number) {
  const starts: string[] = [];
  const start = async ({ attempt }: { readonly attempt: string }): Promise<Work> => {
    starts.push(attempt);
    return { process: processMark, exit: new Promise(() => undefined), end: () => undefined };
  };
  const { agent, ports } = await openAgent({
    start,
    measure: () => ({ cpuLoad: 0, memoryFreeBytes: 1 }),
  });
  const [link, far] = createLinkPair('a', 'b');
  const peer = new RawPeer(far);
  agent.takeLink(link, readInstant(ports.clock));
  await settle();
  const store = peer.pick('hello')[0]?.store ?? '';
  peer.say(makeHello({ role: 'hub', store: hubStore, forStore: store, queued: 2, isOpen: true }));
  await ports.advance(1);
  // One more command is on its way, so it does not begin.
  peer.say({ t: 'data', seq: 1, body: encodeMessage(assign('J1.1')) });
  await ports.advance(100);
  expect([agent.status.attempts, starts]).toEqual([[{ attempt: 'J1.1', state: 'accepted' }], []]);
  peer.close();
  await ports.advance(100);
  const [next, end] = createLinkPair('a', 'b');
  const hub = new RawPeer(end);
  agent.takeLink(next, readInstant(ports.clock));
  const hello = { role: 'hub', store: hubStore, forStore: store, queued: 1, isOpen: true } as const;
  hub.say(makeHello({ ...hello, received }));
  await ports.advance(500);
  await settle();
  return { agent, hub, starts };
}

test('gone back: an agent that hears that it has said more than it knows begins nothing', async () => {
  const { agent, hub, starts } = await openAccepted(9);
  expect(hub.pick('nak')).toMatchObject([{ code: 'PEER_REGRESSED' }]);
  expect([agent.status.attempts, starts]).toEqual([[{ attempt: 'J1.1', state: 'accepted' }], []]);
});

test('gone back: one that hears what it knows begins what it has accepted', async () => {
  const { hub, starts } = await openAccepted(1);
  expect([hub.pick('nak'), starts]).toEqual([[], ['J1.1']]);
});
