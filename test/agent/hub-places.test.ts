/*
 * Where an agent keeps what its hub says of its places.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findAgentHome, findPairing, type Pairing, savePairing } from '../../agent/home.ts';
import { HubPlaces, type HubPlacesParts } from '../../agent/hub-places.ts';

const pairing: Pairing = {
  hub: 'ab'.repeat(32),
  name: 'alice',
  invite: 'cd'.repeat(32),
  addresses: [{ host: '192.0.2.1', port: 4444 }],
  rendezvous: [],
  nodes: 'public',
};
let directory: string;
let notices: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wally-places-'));
  notices = [];
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function openPlaces(pinned: HubPlacesParts['pinned'] = []): Promise<HubPlaces> {
  const home = findAgentHome(directory);
  await savePairing(home, pairing, 1);
  return new HubPlaces({ home, pairing, pinned, pid: 1, noticed: (line) => notices.push(line) });
}

const kept = () => findPairing(findAgentHome(directory));

test('places: what the hub says anew is dialled from then on, and found again after a restart', async () => {
  const places = await openPlaces();
  const reach = { addresses: [{ host: '192.0.2.9', port: 5555 }], rendezvous: [] };
  await places.told(reach);
  expect(places.reach).toEqual(reach);
  const { nodes: _nodes, ...rest } = pairing;
  expect(await kept()).toEqual({ ...rest, ...reach });
});

test('places: the same again writes nothing, and a hub that names no place is not told to be nowhere', async () => {
  const places = await openPlaces();
  const { addresses, rendezvous, nodes } = pairing;
  await places.told({ addresses, rendezvous, nodes: nodes ?? 'public' });
  await places.told({ addresses: [], rendezvous: [] });
  expect(notices).toEqual([]);
  expect(places.reach.addresses).toEqual(addresses);
});

test('places: a home that takes no file costs only that they are forgotten at a restart', async () => {
  const places = await openPlaces();
  rmSync(directory, { recursive: true });
  const reach = { addresses: [{ host: '192.0.2.9', port: 5555 }], rendezvous: [] };
  await places.told(reach);
  expect(places.reach).toEqual(reach);
  expect(notices).toEqual([expect.stringContaining('were not saved')]);
});

test('places: what the config says is dialled whatever the hub says, which is kept for later', async () => {
  const tunnel = { host: '127.0.0.1', port: 7000 };
  const places = await openPlaces([tunnel]);
  const reach = { addresses: [{ host: '192.0.2.9', port: 5555 }], rendezvous: [] };
  await places.told(reach);
  expect(places.reach).toEqual({ addresses: [tunnel], rendezvous: [] });
  expect((await kept())?.addresses).toEqual(reach.addresses);
});
