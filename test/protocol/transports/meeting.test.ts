/*
 * Meeting over nodes of one's own, on loopback: a hub whose addresses nobody knows is found and linked.
 */
import { EventEmitter, getEventListeners } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { createKeyPair, formatKey } from '../../../protocol/identity.ts';
import type { PeerKey } from '../../../protocol/model.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { findFreePort, loadSwarmPackages } from '../../../protocol/transports/dht-node.ts';
import type { Link } from '../../../protocol/transports/link.ts';
import { type MeetingNode, meetHub } from '../../../protocol/transports/meeting.ts';
import {
  openRendezvousNodes,
  type RendezvousNodes,
} from '../../../protocol/transports/rendezvous-nodes.ts';
import { openAgentSwarm, openHubSwarm } from '../../../protocol/transports/swarm.ts';
import { makeFrame, watchLink } from '../../conformance/transport.ts';

const ports = openSystemPorts();
const host = '127.0.0.1';
const hubKeyPair = createKeyPair(ports.random);
const hubKey = formatKey(hubKeyPair.publicKey);
let cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

/** The ports after a free one may be another program's; then a next place is tried. */
async function openNodes(withRelay = false, triesLeft = 8): Promise<RendezvousNodes> {
  const port = await findFreePort({ host, port: 0 });
  const relay = withRelay ? { relayKeyPair: createKeyPair(ports.random) } : {};
  try {
    const opened = await openRendezvousNodes({ host, port, nodeCount: 3, ...relay });
    cleanups.push(() => opened.close());
    return opened;
  } catch (error) {
    if (triesLeft === 0) throw error;
    return openNodes(withRelay, triesLeft - 1);
  }
}

async function openHub({ nodes, relay }: RendezvousNodes, admits: (key: PeerKey) => boolean) {
  const arrivals: Link[] = [];
  let arrive: (link: Link) => void;
  const arrival = new Promise<Link>((resolve) => {
    arrive = resolve;
  });
  const hub = await openHubSwarm({
    ...{ keyPair: hubKeyPair, host, port: 0, rendezvousPort: 0, ports, admits },
    meeting: { nodes, ...(relay === undefined ? {} : { relay }) },
    accept(link) {
      arrivals.push(link);
      arrive(link);
    },
  });
  cleanups.push(() => hub.close());
  return { hub, arrivals, arrival };
}

async function dial({ nodes, relay }: RendezvousNodes, keyPair = createKeyPair(ports.random)) {
  const agent = await openAgentSwarm({ ports });
  cleanups.push(() => agent.close());
  const where = { nodes, ...(relay === undefined ? {} : { relay }) };
  return agent.dial({ hubKey, keyPair, addresses: [], ...where, timeoutMs: 6000 });
}

test('meeting: a hub at no known address is met over nodes of one’s own, and frames pass', async () => {
  const nodes = await openNodes(true);
  const { hub, arrival } = await openHub(nodes, () => true);
  expect(hub.meetingNodeCount()).toBeGreaterThan(0);
  const near = await dial(nodes);
  const seen = watchLink(near);
  const far = await arrival;
  watchLink(far, (bytes) => far.send(bytes));
  near.send(makeFrame(1, 5000));
  await seen.until(() => seen.frames.length === 1);
  expect(near.peerKey).toBe(hubKey);
  expect(['swarm', 'relay']).toContain(near.carrier);
});

test('meeting: who is not admitted is not met either', async () => {
  const nodes = await openNodes();
  const { arrivals } = await openHub(nodes, () => false);
  await expect(dial(nodes)).rejects.toMatchObject({ code: 'LINK_TIMEOUT' });
  expect(arrivals).toEqual([]);
});

test('rendezvous: strangers may not leave data at its nodes', async () => {
  const { nodes } = await openNodes();
  const { DHT } = await loadSwarmPackages();
  const port = await findFreePort({ host, port: 0 });
  const stranger = new DHT({ bootstrap: nodes.map((node) => ({ ...node })), host, port });
  cleanups.push(() => stranger.destroy({ force: true }));
  await stranger.fullyBootstrapped();
  const put = (
    stranger as unknown as { immutablePut(value: Buffer): Promise<{ closestNodes: unknown[] }> }
  ).immutablePut(Buffer.from('stored on you'));
  // It asked all nodes; none gave it leave.
  await expect(put.then((done) => done.closestNodes.length)).rejects.toThrow();
});

test('rendezvous: a port that is taken is said, and nothing is left open', async () => {
  const { nodes } = await openNodes();
  const port = nodes[1]?.port ?? 0;
  await expect(openRendezvousNodes({ host, port, nodeCount: 3 })).rejects.toMatchObject({
    code: 'RENDEZVOUS_START',
    message: `UDP port ${port} can't be used.`,
  });
});

test('meeting: a try that came to nothing leaves nothing behind with the signal of its agent', async () => {
  const { signal } = new AbortController();
  const stream = Object.assign(new EventEmitter(), { destroy: () => undefined });
  const node = { connect: () => stream };
  const meeting = { node, relayKey: undefined } as unknown as MeetingNode;
  const request = { hubKey, keyPair: hubKeyPair, timers: ports.timers, timeoutMs: 60_000, signal };
  const met = meetHub(meeting, request);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  stream.emit('close');
  await expect(met).rejects.toMatchObject({ code: 'LINK_TIMEOUT' });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
