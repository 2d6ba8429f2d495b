/*
 * A hub that was killed and started again, as its agents notice it over the real swarm.
 *
 * A killed hub sends no farewell, which a relay between the two stands for: from one moment on it
 * carries everything to another hub of the same key, as a restarted process on the same port.
 */
import { afterEach, expect, test } from 'vitest';
import { createKeyPair, formatKey } from '../../../protocol/identity.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { hubRestarted, type Link } from '../../../protocol/transports/link.ts';
import { openAgentSwarm, openHubSwarm } from '../../../protocol/transports/swarm.ts';
import { openRelay } from '../../chaos/link/relay.ts';
import { watchLink } from '../../conformance/transport.ts';

const ports = openSystemPorts();
const host = '127.0.0.1';
let cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
  cleanups = [];
});

function keep<Resource extends { close(): Promise<unknown> }>(resource: Resource): Resource {
  cleanups.push(() => resource.close());
  return resource;
}

const hubKeys = createKeyPair(ports.random);

async function openHub() {
  const taken: Link[] = [];
  const accept = (link: Link) => void taken.push(link);
  const place = { host, port: 0, rendezvousPort: 0 };
  const admits = () => true;
  const plan = { ...place, keyPair: hubKeys, admits, accept, ports, countExpected: () => 1 };
  return { taken, swarm: keep(await openHubSwarm(plan)) };
}

async function openLinked() {
  const hub = await openHub();
  const relay = keep(openRelay(1));
  const port = await relay.openLink('one', hub.swarm.address.port);
  const agent = keep(await openAgentSwarm({ ports }));
  const dial = () =>
    agent.dial({
      hubKey: formatKey(hubKeys.publicKey),
      keyPair: createKeyPair(ports.random),
      addresses: [{ host, port }],
      timeoutMs: 6000,
    });
  return { relay, dial, seen: watchLink(await dial()) };
}

test('swarm: a link whose hub was killed and started again ends with that reason, not by silence', async () => {
  const { relay, dial, seen } = await openLinked();
  const next = await openHub();
  await relay.aim(next.swarm.address.port);
  await seen.until(() => seen.reasons.length === 1);
  expect(seen.reasons).toEqual([hubRestarted]);
  await dial();
  expect(next.taken).toHaveLength(1);
});

test('swarm: a link whose hub is only silent is not taken for a restarted one', async () => {
  const { relay, seen } = await openLinked();
  const line = { lossShare: 0, doubleShare: 0, lateShare: 0, delayMs: 0, jitterMs: 0 };
  const gone = { ...line, isCut: true };
  await relay.shape('one', { up: gone, down: gone });
  await seen.until(() => seen.reasons.length === 1);
  expect(seen.reasons).not.toContain(hubRestarted);
});
