/*
 * The swarm transport over loopback: the link contract, who is let in, and how a hub is found.
 *
 * Real hyperswarm on free ports. Each link has a key of its own, because a hub keeps one link a key.
 */
import type DHT from 'hyperdht';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createKeyPair, formatKey, type KeyPair } from '../../../protocol/identity.ts';
import { frameBytesMax } from '../../../protocol/limits.ts';
import type { PeerKey } from '../../../protocol/model.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import type { Address } from '../../../protocol/transports/address.ts';
import { loadSwarmPackages, toRawKeyPair } from '../../../protocol/transports/dht-node.ts';
import type { Link } from '../../../protocol/transports/link.ts';
import { hubTopic } from '../../../protocol/transports/rendezvous.ts';
import {
  type AgentSwarm,
  type HubSwarm,
  openAgentSwarm,
  openHubSwarm,
} from '../../../protocol/transports/swarm.ts';
import { makeFrame, testTransport, watchLink } from '../../conformance/transport.ts';

const ports = openSystemPorts();
const hubKeyPair = createKeyPair(ports.random);
const hubKey = formatKey(hubKeyPair.publicKey);
const host = '127.0.0.1';

/** Nobody listens here: the discard port, which needs privileges to bind. */
const deadAddress: Address = { host, port: 9 };

const admitted = new Set<PeerKey>();
/** Keys that are trusted for one question only. */
const admittedOnce = new Set<PeerKey>();
const arrivals = new Map<PeerKey, (link: Link) => void>();
const accepted: PeerKey[] = [];
const asked: PeerKey[] = [];
let onAsked: () => void = () => undefined;
let hub: HubSwarm;
let agent: AgentSwarm;
let cleanups: (() => Promise<unknown>)[] = [];

function openHub(port = 0): Promise<HubSwarm> {
  return openHubSwarm({
    keyPair: hubKeyPair,
    host,
    port,
    rendezvousPort: 0,
    admits(key) {
      asked.push(key);
      onAsked();
      return admittedOnce.delete(key) || admitted.has(key);
    },
    accept(link) {
      accepted.push(link.peerKey);
      const arrive = arrivals.get(link.peerKey);
      if (arrive) arrive(link);
      else link.close('unexpected');
    },
    ports,
  });
}

beforeAll(async () => {
  [hub, agent] = await Promise.all([openHub(), openAgentSwarm({ ports })]);
});

afterEach(async () => {
  await Promise.all(cleanups.map((cleanup) => cleanup()));
  cleanups = [];
  onAsked = () => undefined;
});

afterAll(async () => {
  await agent.close();
  await hub.close();
});

function createPeer(): { readonly keyPair: KeyPair; readonly key: PeerKey } {
  const keyPair = createKeyPair(ports.random);
  return { keyPair, key: formatKey(keyPair.publicKey) };
}

interface Route {
  readonly addresses?: readonly Address[];
  readonly rendezvous?: readonly Address[];
  readonly timeoutMs?: number;
}

function dial(keyPair: KeyPair, route: Route = {}): Promise<Link> {
  return agent.dial({ hubKey, keyPair, addresses: [hub.address], timeoutMs: 6000, ...route });
}

function arrivalOf(key: PeerKey): Promise<Link> {
  return new Promise((resolve) => arrivals.set(key, resolve));
}

async function openPair(route: Route = {}): Promise<{ near: Link; far: Link; key: PeerKey }> {
  const { keyPair, key } = createPeer();
  admitted.add(key);
  const arrival = arrivalOf(key);
  const near = await dial(keyPair, route);
  return { near, far: await arrival, key };
}

testTransport('swarm', openPair);

test('swarm link: each side has proof of the key of the other', async () => {
  const { near, far, key } = await openPair();
  expect([near.peerKey, far.peerKey]).toEqual([hubKey, key]);
  near.close('done');
});

test('swarm link: a message of random bytes reaches the owner as a frame', async () => {
  const { near, far } = await openPair();
  const seen = watchLink(far);
  const garbage = ports.random.bytes(5000);
  near.send(garbage);
  await seen.until(() => seen.frames.length === 1);
  expect(seen.frames).toEqual([garbage]);
  expect(seen.reasons).toEqual([]);
  near.close('done');
});

/** A node outside our transport, as anyone could write it. */
async function openForeignNode(bootstrap: Address[] = []): Promise<DHT> {
  const { DHT } = await loadSwarmPackages();
  const node = new DHT({ bootstrap, host, port: [0, 0], ephemeral: true });
  cleanups.push(() => node.destroy({ force: true }));
  await node.fullyBootstrapped();
  return node;
}

async function connectForeign(keyPair: KeyPair): Promise<NodeJS.WritableStream> {
  const node = await openForeignNode();
  const stream = node.connect(Buffer.from(hubKeyPair.publicKey), {
    keyPair: toRawKeyPair(keyPair),
    relayAddresses: [hub.address],
    localConnection: false,
  });
  stream.on('error', () => undefined);
  return stream;
}

test('swarm link: a message over the limit ends it with a code and no other link', async () => {
  const { near, far } = await openPair();
  const { keyPair, key } = createPeer();
  admitted.add(key);
  const arrival = arrivalOf(key);
  const stream = await connectForeign(keyPair);
  const bad = watchLink(await arrival);
  stream.write(Buffer.alloc(frameBytesMax + 1));
  await bad.until(() => bad.reasons.length === 1);
  expect([bad.reasons, bad.frames]).toEqual([['FRAME_TOO_LARGE'], []]);
  const seen = watchLink(far);
  near.send(makeFrame(1, 4));
  await seen.until(() => seen.frames.length === 1);
  near.close('done');
});

test('swarm link: a peer that floods one that is not open yet is cut', async () => {
  const { keyPair, key } = createPeer();
  admitted.add(key);
  const arrival = arrivalOf(key);
  const stream = await connectForeign(keyPair);
  const link = await arrival;
  const isCut = new Promise((resolve) => stream.once('close', resolve));
  for (let count = 0; count < 3; count += 1) stream.write(Buffer.alloc(30 * 1024, 1));
  await isCut;
  const seen = watchLink(link);
  await seen.until(() => seen.reasons.length === 1);
  expect(seen.reasons).toEqual(['FRAME_TOO_LARGE']);
});

test('swarm door: a stranger gets no link, and one admitted later by the same key does', async () => {
  const { keyPair, key } = createPeer();
  const refused = dial(keyPair, { timeoutMs: 700 });
  await expect(refused).rejects.toMatchObject({ code: 'LINK_TIMEOUT' });
  // Once: the handshake was met with silence. Any answer would have made the dial try again.
  expect(asked.filter((one) => one === key)).toHaveLength(1);
  expect(accepted).not.toContain(key);
  admitted.add(key);
  const arrival = arrivalOf(key);
  const link = await dial(keyPair);
  expect((await arrival).peerKey).toBe(key);
  link.close('done');
});

test('swarm door: strangers who knock leave nothing in memory', async () => {
  const before = hub.peerCount();
  const strangers = Array.from({ length: 20 }, createPeer);
  const dials = strangers.map(({ keyPair }) => dial(keyPair, { timeoutMs: 1500 }));
  const results = await Promise.allSettled(dials);
  expect(results.every((result) => result.status === 'rejected')).toBe(true);
  expect(strangers.every(({ key }) => asked.includes(key))).toBe(true);
  expect(hub.peerCount()).toBeLessThanOrEqual(before);
  expect(strangers.some(({ key }) => accepted.includes(key))).toBe(false);
});

test('swarm door: a stranger who finds the hub by its topic is refused, and the hub is unharmed', async () => {
  const { Hyperswarm } = await loadSwarmPackages();
  const { keyPair, key } = createPeer();
  const isAsked = new Promise<void>((resolve) => {
    onAsked = () => {
      if (asked.includes(key)) resolve();
    };
  });
  const dht = await openForeignNode([hub.rendezvous]);
  const stranger = new Hyperswarm({ dht, keyPair: toRawKeyPair(keyPair) });
  let connectionCount = 0;
  stranger.on('connection', () => {
    connectionCount += 1;
  });
  const topic = hubTopic(hubKeyPair.publicKey);
  await stranger.join(topic, { server: false, client: true }).flushed();
  expect([...stranger.peers.keys()]).toEqual([hubKey]);
  await isAsked;
  const { near } = await openPair();
  expect(connectionCount).toBe(0);
  expect(accepted).not.toContain(key);
  near.close('done');
  await dht.destroy({ force: true });
  await stranger.destroy();
});

test('swarm door: trust that ends during the handshake gives no link', async () => {
  const { keyPair, key } = createPeer();
  admittedOnce.add(key);
  const near = await dial(keyPair, { timeoutMs: 700 }).catch(() => undefined);
  if (near) {
    const mine = watchLink(near);
    await mine.until(() => mine.reasons.length === 1);
  }
  expect(asked.filter((one) => one === key).length).toBeGreaterThanOrEqual(2);
  expect(accepted).not.toContain(key);
});

test('swarm door: kicking a key ends its link on both sides and no other', async () => {
  const one = await openPair();
  const other = await openPair();
  const sides = [watchLink(one.near), watchLink(one.far)];
  const spared = watchLink(other.far);
  hub.kick(one.key);
  await Promise.all(sides.map((side) => side.until(() => side.reasons.length === 1)));
  expect(sides[1]?.reasons).toEqual(['kicked']);
  other.near.send(makeFrame(1, 4));
  await spared.until(() => spared.frames.length === 1);
  other.near.close('done');
});

test('swarm door: the newer of two links with one key stays', async () => {
  const { keyPair, key } = createPeer();
  admitted.add(key);
  const firstArrival = arrivalOf(key);
  const firstNear = await dial(keyPair);
  const first = watchLink(firstNear);
  const firstFar = await firstArrival;
  const firstSeen = watchLink(firstFar, (bytes) => firstFar.send(bytes));
  firstNear.send(makeFrame(0, 4));
  await first.until(() => first.frames.length === 1);
  const secondArrival = arrivalOf(key);
  const second = await dial(keyPair);
  await secondArrival;
  await firstSeen.until(() => firstSeen.reasons.length === 1);
  second.close('done');
});

test('swarm dial: a hub that restarts on its port is reached by a dial begun while it was down', async () => {
  const { port } = hub.address;
  const { keyPair, key } = createPeer();
  admitted.add(key);
  await hub.close();
  const pending = dial(keyPair, { addresses: [{ host, port }] });
  const arrival = arrivalOf(key);
  hub = await openHub(port);
  expect(hub.address).toEqual({ host, port });
  const link = await pending;
  expect((await arrival).peerKey).toBe(key);
  link.close('done');
});

test('swarm dial: a hub is found by its rendezvous when the known address is dead', async () => {
  const route = { addresses: [deadAddress], rendezvous: [deadAddress, hub.rendezvous] };
  const { near, far } = await openPair(route);
  const seen = watchLink(far);
  near.send(makeFrame(1, 4));
  await seen.until(() => seen.frames.length === 1);
  near.close('done');
});

test('swarm dial: host names are resolved, and one that is unknown does no harm', async () => {
  const { port } = hub.address;
  const addresses = [
    { host: 'no-such-host.invalid', port },
    { host: 'localhost', port },
  ];
  const { near } = await openPair({ addresses });
  near.close('done');
});

test('swarm dial: another hub at the address is passed by', async () => {
  const other = await openHubSwarm({
    keyPair: createKeyPair(ports.random),
    host,
    port: 0,
    rendezvousPort: 0,
    admits: () => true,
    accept: (link) => link.close('wrong hub'),
    ports,
  });
  cleanups.push(() => other.close());
  const { near } = await openPair({ addresses: [other.address, hub.address] });
  expect(near.peerKey).toBe(hubKey);
  near.close('done');
});

test('swarm dial: nobody there is a timeout, and a closed swarm gives dials up', async () => {
  const { keyPair } = createPeer();
  const late = dial(keyPair, { addresses: [deadAddress], timeoutMs: 50 });
  await expect(late).rejects.toMatchObject({ code: 'LINK_TIMEOUT' });
  const second = await openAgentSwarm({ ports });
  const request = { hubKey, keyPair, addresses: [deadAddress], timeoutMs: 60_000 };
  const givenUp = expect(second.dial(request)).rejects.toMatchObject({ code: 'LINK_LOST' });
  await second.close();
  await givenUp;
  await expect(second.dial(request)).rejects.toMatchObject({ code: 'LINK_LOST' });
});

test('swarm door: a busy port is replaced by a free one, which is reported', async () => {
  const other = await openHubSwarm({
    keyPair: createKeyPair(ports.random),
    host,
    port: hub.address.port,
    rendezvousPort: hub.rendezvous.port,
    admits: () => false,
    accept: (link) => link.close('unexpected'),
    ports,
  });
  cleanups.push(() => other.close());
  expect(other.address.port).not.toBe(hub.address.port);
  expect(other.rendezvous.port).not.toBe(hub.rendezvous.port);
});

test('swarm end: closing the agent tells the hub at once', async () => {
  const leaving = await openAgentSwarm({ ports });
  const { keyPair, key } = createPeer();
  admitted.add(key);
  const arrival = arrivalOf(key);
  const near = watchLink(
    await leaving.dial({ hubKey, keyPair, addresses: [hub.address], timeoutMs: 6000 }),
  );
  const far = watchLink(await arrival);
  await leaving.close();
  await far.until(() => far.reasons.length === 1);
  expect(near.reasons).toEqual(['closing']);
});

test('rendezvous: it names no stranger, neither a node nor one that claims the topic', async () => {
  const { DHT, Hyperswarm } = await loadSwarmPackages();
  const bootstrap = [hub.rendezvous];
  const options = { bootstrap, host, ephemeral: false, firewalled: false };
  const settled = new DHT({ ...options, port: [0, 0] });
  cleanups.push(() => settled.destroy({ force: true }));
  await settled.fullyBootstrapped();
  await settled.ping(hub.rendezvous);
  const topic = hubTopic(hubKeyPair.publicKey);
  const claimant = new Hyperswarm({ dht: await openForeignNode(bootstrap) });
  cleanups.push(() => claimant.destroy({ force: true }));
  await claimant.join(topic, { server: true, client: false }).flushed();
  const visitor = await openForeignNode(bootstrap);
  expect(visitor.toArray()).toEqual([hub.rendezvous]);
  const named: PeerKey[] = [];
  for await (const reply of visitor.lookup(topic)) {
    named.push(...reply.peers.map((peer) => formatKey(peer.publicKey)));
  }
  expect(named).toEqual([hubKey]);
});

test('rendezvous: it keeps no data for strangers', async () => {
  const visitor = await openForeignNode([hub.rendezvous]);
  const store = visitor as unknown as { immutablePut(value: Uint8Array): Promise<unknown> };
  await expect(store.immutablePut(Buffer.from('junk'))).rejects.toThrow('Too few nodes');
});
