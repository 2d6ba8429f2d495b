/*
 * Keys that several programs share, as those of one cockpit do: each link of such a key is its own.
 */
import { afterAll, expect, test } from 'vitest';
import { createKeyPair, formatKey } from '../../../protocol/identity.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import type { Link } from '../../../protocol/transports/link.ts';
import { openAgentSwarm, openHubSwarm } from '../../../protocol/transports/swarm.ts';
import { type WatchedLink, watchLink } from '../../conformance/transport.ts';

const ports = openSystemPorts();
const cleanups: (() => Promise<unknown>)[] = [];

afterAll(() => Promise.all(cleanups.map((cleanup) => cleanup())));

test('swarm door: links of a shared key live side by side, and a kick ends them all', async () => {
  const hubKeyPair = createKeyPair(ports.random);
  const keyPair = createKeyPair(ports.random);
  const key = formatKey(keyPair.publicKey);
  let arrive: (link: Link) => void = () => undefined;
  const hub = await openHubSwarm({
    ...{ keyPair: hubKeyPair, host: '127.0.0.1', port: 0, rendezvousPort: 0, ports },
    admits: (peer) => peer === key,
    sharesKey: (peer) => peer === key,
    accept: (link) => arrive(link),
  });
  cleanups.push(() => hub.close());
  const swarms = await Promise.all([openAgentSwarm({ ports }), openAgentSwarm({ ports })]);
  for (const swarm of swarms) cleanups.push(() => swarm.close());
  const hubKey = formatKey(hubKeyPair.publicKey);
  const ends: WatchedLink[] = [];
  for (const swarm of [...swarms, ...swarms]) {
    const arrival = new Promise<Link>((resolve) => {
      arrive = resolve;
    });
    const where = { hubKey, keyPair, addresses: [hub.address], timeoutMs: 6000 };
    const near = watchLink(await swarm.dial(where));
    const arrived = await arrival;
    ends.push(near, watchLink(arrived));
    arrived.send(Uint8Array.of(1));
    await near.until(() => near.frames.length === 1);
  }
  expect(ends.map(({ reasons }) => reasons.length)).toEqual(ends.map(() => 0));
  hub.kick(key);
  for (const end of ends) await end.until(() => end.reasons.length === 1);
});
