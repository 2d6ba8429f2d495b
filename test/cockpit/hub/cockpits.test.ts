/*
 * Cockpits on other machines: who comes in by which code, what they may ask, and the end of trust.
 */
import { describe, expect, test } from 'vitest';
import { cockpitLinksMax, cockpitsMax } from '../../../cockpit/hub/limits.ts';
import { nameCockpit } from '../../../cockpit/manager/cockpit.ts';
import type { CockpitRow } from '../../../cockpit/verbs/cockpit-shapes.ts';
import type { InviteShape, TeamRow } from '../../../cockpit/verbs/shapes.ts';
import { ControlClient } from '../../../protocol/control-client.ts';
import { parseInvite } from '../../../protocol/invite.ts';
import type { PeerKey } from '../../../protocol/model.ts';
import { askToPair } from '../../../protocol/pairing.ts';
import { makeHello } from '../../protocol/raw-peer.ts';
import { alice, openHubBench } from './hub-bench.ts';
import { type HubInHand, openHubInHand } from './hub-in-hand.ts';

const laptop = 'c0'.repeat(32);
const stranger = 'd0'.repeat(32);

/** Pairs this key over a fresh code's one-time link; resolves with the name given. */
async function pair(hub: HubInHand, key: PeerKey, ...flags: readonly ('cockpit' | 'worker')[]) {
  const { addresses, rendezvous } = hub.hub.door;
  const [kind = 'cockpit'] = flags;
  const order = { kind, addresses, rendezvous, ttlMs: 60_000, asks: false } as const;
  const { code } = await hub.hub.invites.create(order);
  const { oneTimeKey } = parseInvite(code);
  const again = () =>
    askToPair(hub.link(oneTimeKey), { key, host: 'Laptop.lan' }, hub.ports.timers);
  return { name: await again(), oneTimeKey, again };
}

const lookIn = (hub: HubInHand, key: PeerKey) =>
  new ControlClient(hub.link(key), 'HUB_UNREACHABLE');

describe('cockpits', () => {
  test('cockpits: a code for one lets its key look in and ask, and a stranger is let in by none', async () => {
    const hub = await openHubInHand();
    expect(hub.admits(laptop)).toBe(false);
    expect((await pair(hub, laptop)).name).toBe('laptop');
    expect([laptop, stranger].map((key) => hub.admits(key))).toEqual([true, false]);
    const client = lookIn(hub, laptop);
    const team = (await client.call('team', {})) as readonly TeamRow[];
    expect(team.map(({ name }) => name)).toEqual(['alice', 'bob']);
    const job = await client.call('dispatch', { command: ['true'], on: ['alice'] });
    expect(job).toMatchObject({ id: 'J1', worker: 'alice' });
    expect(team.some(({ key }) => key === laptop)).toBe(false);
  });

  test('cockpits: everything may be asked but the end of the hub', async () => {
    const hub = await openHubInHand();
    await pair(hub, laptop);
    const client = lookIn(hub, laptop);
    await expect(client.call('stop', {})).rejects.toMatchObject({ code: 'COCKPIT_FORBIDDEN' });
    const { code, command } = (await client.call('invite', { cockpit: true })) as InviteShape;
    expect(command).toBe(`wally --hub ${code}`);
    expect(parseInvite(code).kind).toBe('cockpit');
    await expect(client.call('invite', { cockpit: true, ask: true })).rejects.toMatchObject({
      code: 'USAGE_ARGUMENT',
    });
    expect(hub.failure).toBeUndefined();
  });

  test('cockpits: its key opens no worker’s session, and a worker’s key no conversation', async () => {
    const hub = await openHubInHand();
    await pair(hub, laptop);
    const asWorker = hub.dial(laptop);
    asWorker.say(makeHello({ store: laptop.slice(0, 32) }));
    await hub.rest();
    expect(asWorker.heard).toEqual([]);
    expect(asWorker.closedBecause).toBe('closed by peer');
    const asCockpit = lookIn(hub, alice);
    const answer = asCockpit.call('team', {}).catch((error) => error.code);
    await hub.rest();
    expect(await answer).toBe('HUB_UNREACHABLE');
    expect(hub.failure).toBeUndefined();
  });

  test('cockpits: a key is a worker’s or a cockpit’s, and the refused code stays good for another', async () => {
    const hub = await openHubInHand();
    await expect(pair(hub, alice)).rejects.toMatchObject({ code: 'PAIR_EXISTS' });
    await pair(hub, laptop);
    await expect(pair(hub, laptop, 'worker')).rejects.toMatchObject({ code: 'PAIR_EXISTS' });
    const { addresses, rendezvous } = hub.hub.door;
    const order = { kind: 'cockpit', addresses, rendezvous, ttlMs: 60_000, asks: false } as const;
    const { oneTimeKey } = parseInvite((await hub.hub.invites.create(order)).code);
    const ask = (key: PeerKey) =>
      askToPair(hub.link(oneTimeKey), { key, host: 'desk' }, hub.ports.timers);
    await expect(ask(alice)).rejects.toMatchObject({ code: 'PAIR_EXISTS' });
    expect(await ask(stranger)).toBe('desk');
  });

  test('cockpits: a code is good once, and again for the same key whose answer was lost', async () => {
    const hub = await openHubInHand();
    const { name, oneTimeKey, again } = await pair(hub, laptop);
    expect(await again()).toBe(name);
    const other = askToPair(hub.link(oneTimeKey), { key: stranger, host: 'x' }, hub.ports.timers);
    await expect(other).rejects.toMatchObject({ code: 'INVITE_USED' });
    expect(hub.admits(stranger)).toBe(false);
  });

  test('cockpits: a revoke ends its links with a code and shuts the door, also to the code it came by', async () => {
    const hub = await openHubInHand();
    const { again } = await pair(hub, laptop);
    const clients = [lookIn(hub, laptop), lookIn(hub, laptop)];
    const watches = clients.map((client) =>
      client.stream('watch', {}, () => undefined).done.catch((error) => error.code),
    );
    await hub.rest();
    const rows = (await clients[0]?.call('cockpits', {})) as readonly CockpitRow[];
    expect(rows).toMatchObject([{ name: 'laptop', host: 'Laptop.lan', links: 2, key: laptop }]);
    await hub.hub.cockpits.revoke(hub.hub.cockpits.getByName('laptop'));
    expect(await Promise.all(watches)).toEqual(['COCKPIT_REVOKED', 'COCKPIT_REVOKED']);
    expect(hub.admits(laptop)).toBe(false);
    expect(hub.countRows('cp/')).toBe(0);
    await expect(again()).rejects.toMatchObject({ code: 'INVITE_USED' });
    expect(() => hub.hub.cockpits.getByName('laptop')).toThrow(
      expect.objectContaining({ code: 'COCKPIT_UNKNOWN' }),
    );
  });

  test('cockpits: links beyond their number are refused, and one that ended makes room', async () => {
    const hub = await openHubInHand();
    await pair(hub, laptop);
    const clients = Array.from({ length: cockpitLinksMax }, () => lookIn(hub, laptop));
    const tooMany = lookIn(hub, laptop);
    expect(await tooMany.closed).toBe('closed by peer');
    clients[0]?.close();
    await hub.rest();
    expect(await lookIn(hub, laptop).call('inbox', {})).toEqual([]);
  });
});

describe('cockpit desk', () => {
  test('cockpit desk: who is trusted is read back after a restart, and who is not any more is not', async () => {
    const bench = await openHubBench();
    await bench.cockpits.pair({ key: laptop, host: 'laptop' }, () => []);
    const gone = await bench.cockpits.pair({ key: stranger, host: 'laptop' }, () => []);
    expect(gone.name).toBe('laptop-2');
    await bench.cockpits.revoke(gone);
    expect(await bench.readJournal()).toEqual([
      'cockpit-paired',
      'cockpit-paired',
      'cockpit-revoked',
    ]);
    const { cockpits } = await bench.restart();
    expect(cockpits.list()).toMatchObject([{ key: laptop, name: 'laptop', lastSeenAt: null }]);
    expect(cockpits.has(stranger)).toBe(false);
  });

  test('cockpit desk: one cockpit too many is refused', async () => {
    const { cockpits } = await openHubBench();
    const pairOne = (number: number) =>
      cockpits.pair({ key: number.toString(16).padStart(64, '0'), host: 'box' }, () => []);
    for (let number = 1; number <= cockpitsMax; number += 1) await pairOne(number);
    await expect(pairOne(cockpitsMax + 1)).rejects.toMatchObject({ code: 'STORE_FULL' });
  });
});

test.each([
  ['Mia-Laptop.lan', 'mia-laptop'],
  ['127.0.0.1', 'cockpit'],
  ['', 'cockpit'],
  ['-- ünïcode --', 'n-code'],
  ['x'.repeat(99), 'x'.repeat(28)],
])('cockpit name: the host %j makes %j, and the next of it another', (host, name) => {
  expect(nameCockpit(host, new Set())).toBe(name);
  expect(nameCockpit(host, new Set([name, `${name}-2`]))).toBe(`${name}-3`);
});
