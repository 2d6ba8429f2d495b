/*
 * An agent whose hub stopped trusting it while it was away: the first link that the hub answers says so.
 */
import { expect, test } from 'vitest';
import { AppError } from '../../protocol/errors.ts';
import { readInstant } from '../../protocol/machines/renewal.ts';
import { createLinkPair } from '../../protocol/transports/memory.ts';
import { settle } from '../protocol/fake-ports.ts';
import { makeHello, RawPeer } from '../protocol/raw-peer.ts';
import { openAgent } from './agent-bench.ts';
import { hubStore } from './desk-bench.ts';

test('revoked: an agent that is turned away shows why until a hub serves it again', async () => {
  const { agent, ports } = await openAgent({
    measure: () => ({ cpuLoad: 0, memoryFreeBytes: 1 }),
  });
  const link = () => {
    const [near, far] = createLinkPair('a', 'b');
    agent.takeLink(near, readInstant(ports.clock));
    return new RawPeer(far);
  };
  expect(agent.status.link).not.toMatch(/\[/);
  const { code, message } = new AppError('WORKER_REVOKED');
  link().say({ t: 'nak', code, message });
  await settle();
  expect(agent.status.link).toMatch(/: This worker is no longer trusted\. \[WORKER_REVOKED\]$/);
  // It goes on dialling: it may be paired again.
  const peer = link();
  await settle();
  const store = peer.pick('hello')[0]?.store ?? '';
  peer.say(makeHello({ role: 'hub', store: hubStore, forStore: store, isOpen: true }));
  await ports.advance(1);
  expect(agent.status.link).toMatch(/\[WORKER_REVOKED\]$/);
  await ports.advance(1000);
  for (const { at } of peer.pick('ping')) peer.say({ t: 'pong', at, queued: 0, wallMs: 0 });
  await settle();
  expect(agent.status.link).not.toMatch(/\[/);
});
