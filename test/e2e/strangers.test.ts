/*
 * Strangers at the door of a running hub: none gets a connection, and the hub does not care.
 *
 * They use hyperswarm and hyperdht as they come, not our transport, and know all that can be known:
 * the hub's addresses, its public key and its topic.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import DHT from 'hyperdht';
import Hyperswarm from 'hyperswarm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { InviteShape, JobDetail, StatusShape, TeamRow } from '../../cockpit/verbs/shapes.ts';
import { type KeyPair, parseKey } from '../../protocol/identity.ts';
import { parseInvite } from '../../protocol/invite.ts';
import { toRawKeyPair } from '../../protocol/transports/dht-node.ts';
import { hubTopic } from '../../protocol/transports/rendezvous.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let hub: StatusShape['hub'];

beforeAll(async () => {
  stage = openStage();
  await stage.up();
  hub = (await stage.ask<StatusShape>('status')).hub;
});

afterAll(() => stage.close());

function readAddress(text: string): { readonly host: string; readonly port: number } {
  const [host = '', port] = text.split(':');
  return { host, port: Number(port) };
}

async function openNode(): Promise<DHT> {
  const node = new DHT({ bootstrap: [readAddress(hub.rendezvous)], host: '127.0.0.1' });
  await node.fullyBootstrapped();
  return node;
}

/** The same process, the same team, and work that runs. */
async function expectUnharmed(): Promise<void> {
  expect((await stage.ask<StatusShape>('status')).hub).toEqual(hub);
  const team = await stage.ask<readonly TeamRow[]>('team');
  expect(team.map(({ name, link }) => [name, link])).toEqual([['alice', 'direct']]);
  const job = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'true');
  expect(job.outcome).toBe('succeeded');
}

test.concurrent('stranger: one who finds the hub through its rendezvous gets no connection', async () => {
  const dht = await openNode();
  const swarm = new Hyperswarm({ dht });
  let connectionCount = 0;
  swarm.on('connection', () => {
    connectionCount += 1;
  });
  const topic = hubTopic(parseKey(hub.key));
  await swarm.join(topic, { server: false, client: true }).flushed();
  // It did find the hub: what fails is the door, not the search.
  expect([...swarm.peers.keys()]).toEqual([hub.key]);
  expect(connectionCount).toBe(0);
  // Until it has given up; the package's types leave this out.
  await (swarm as unknown as { flush(): Promise<boolean> }).flush();
  expect(connectionCount).toBe(0);
  await expectUnharmed();
  await dht.destroy({ force: true });
  await swarm.destroy();
});

/** Dials the hub's key at its address; says whether a stream opened before it closed. */
async function dial(keyPair?: KeyPair): Promise<'open' | 'closed'> {
  const node = await openNode();
  const stream = node.connect(Buffer.from(parseKey(hub.key)), {
    ...(keyPair === undefined ? {} : { keyPair: toRawKeyPair(keyPair) }),
    relayAddresses: [readAddress(hub.address)],
    localConnection: false,
  });
  // Every error is followed by `close`.
  stream.on('error', () => undefined);
  const end = await new Promise<'open' | 'closed'>((resolve) => {
    stream.once('open', () => resolve('open'));
    stream.once('close', () => resolve('closed'));
  });
  await node.destroy({ force: true });
  return end;
}

test.concurrent('stranger: one who dials the hub’s key at its address gets no connection', async () => {
  expect(await dial()).toBe('closed');
  await expectUnharmed();
});

test.concurrent('stranger: who holds a code is none, which shows that the dials above could succeed', async () => {
  const { code } = await stage.ask<InviteShape>('invite');
  expect(await dial(parseInvite(code).oneTimeKeyPair)).toBe('open');
});

test('stranger: rubbish at the hub’s ports and at its socket changes nothing', async () => {
  const rubbish = Buffer.alloc(1200, 0xa5);
  const socket = createSocket('udp4');
  for (const text of [hub.address, hub.rendezvous]) {
    const { host, port } = readAddress(text);
    for (let count = 0; count < 200; count += 1) {
      rubbish.writeUInt32BE(count * 0x01010101);
      await new Promise((resolve) => socket.send(rubbish, port, host, resolve));
    }
  }
  socket.close();
  const control = connect(join(stage.home, 'hub.sock'));
  control.on('error', () => undefined);
  const isEnded = once(control, 'close');
  control.write(rubbish);
  control.resume();
  await isEnded;
  await expectUnharmed();
});
