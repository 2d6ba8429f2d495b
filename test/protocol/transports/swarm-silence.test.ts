/*
 * Swarm peers that say nothing: dead ones, and hubs that do not know us.
 *
 * In a file of its own, because these wait out real time limits, side by side.
 */
import { afterAll, expect, test } from 'vitest';
import { createKeyPair, formatKey, type KeyPair } from '../../../protocol/identity.ts';
import type { PeerKey } from '../../../protocol/model.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { loadSwarmPackages, toRawKeyPair } from '../../../protocol/transports/dht-node.ts';
import { handshakeMsMax, silenceMsMax } from '../../../protocol/transports/limits.ts';
import type { Link } from '../../../protocol/transports/link.ts';
import {
  type AgentSwarm,
  type HubSwarm,
  openAgentSwarm,
  openHubSwarm,
} from '../../../protocol/transports/swarm.ts';
import { watchLink } from '../../conformance/transport.ts';

const ports = openSystemPorts();
const cleanups: (() => Promise<unknown>)[] = [];

afterAll(() => Promise.all(cleanups.map((cleanup) => cleanup())));

interface Door {
  readonly hub: HubSwarm;
  readonly arrivals: Map<PeerKey, Link>;
}

async function openDoor(keyPair: KeyPair, admits: () => boolean): Promise<Door> {
  const arrivals = new Map<PeerKey, Link>();
  const accept = (link: Link): void => void arrivals.set(link.peerKey, link);
  const place = { host: '127.0.0.1', port: 0, rendezvousPort: 0 };
  const hub = await openHubSwarm({ ...place, keyPair, admits, accept, ports });
  cleanups.push(() => hub.close());
  return { hub, arrivals };
}

async function openAgent(): Promise<AgentSwarm> {
  const agent = await openAgentSwarm({ ports });
  cleanups.push(() => agent.close());
  return agent;
}

test.concurrent('swarm link: a peer gone silent is given up in time, one that idles is not', async () => {
  const hubKeyPair = createKeyPair(ports.random);
  const { hub, arrivals } = await openDoor(hubKeyPair, () => true);
  const agent = await openAgent();
  const keyPair = createKeyPair(ports.random);
  const hubKey = formatKey(hubKeyPair.publicKey);
  await agent.dial({ hubKey, keyPair, addresses: [hub.address], timeoutMs: 6000 });

  const silentKeyPair = createKeyPair(ports.random);
  await connectWithoutSignsOfLife(hubKeyPair.publicKey, toRawKeyPair(silentKeyPair), hub.address);
  const silent = watchLink(await arrivalOf(arrivals, formatKey(silentKeyPair.publicKey)));
  const idle = watchLink(await arrivalOf(arrivals, formatKey(keyPair.publicKey)));
  const startedAt = performance.now();
  await silent.until(() => silent.reasons.length === 1);
  expect(silent.reasons).toEqual(['Stream timed out']);
  expect(performance.now() - startedAt).toBeLessThan(silenceMsMax + 3000);
  expect(idle.reasons).toEqual([]);
});

test.concurrent('swarm dial: an address that is silent in the handshake is passed by in time', async () => {
  const hubKeyPair = createKeyPair(ports.random);
  const silent = await openDoor(hubKeyPair, () => false);
  const other = await openDoor(hubKeyPair, () => true);
  const agent = await openAgent();
  const link = await agent.dial({
    hubKey: formatKey(hubKeyPair.publicKey),
    keyPair: createKeyPair(ports.random),
    addresses: [silent.hub.address],
    // Asked only later, so that the silent one has its turn first.
    rendezvous: [other.hub.rendezvous],
    timeoutMs: 2 * handshakeMsMax,
  });
  expect(link.carrier).toBe('swarm');
  expect(silent.arrivals.size).toBe(0);
});

async function connectWithoutSignsOfLife(
  hubPublicKey: Uint8Array,
  keyPair: ReturnType<typeof toRawKeyPair>,
  address: { readonly host: string; readonly port: number },
): Promise<void> {
  const { DHT } = await loadSwarmPackages();
  const node = new DHT({ bootstrap: [], port: [0, 0], connectionKeepAlive: 3_600_000 });
  cleanups.push(() => node.destroy({ force: true }));
  const relayAddresses = [{ ...address }];
  const stream = node.connect(Buffer.from(hubPublicKey), { keyPair, relayAddresses });
  stream.on('error', () => undefined);
  await new Promise((resolve) => stream.once('open', resolve));
}

async function arrivalOf(arrivals: Map<string, Link>, key: string): Promise<Link> {
  for (let link = arrivals.get(key); ; link = arrivals.get(key)) {
    if (link) return link;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
