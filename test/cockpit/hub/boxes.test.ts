/*
 * Boxes: what is said of one is kept, field by field, and is there again after a restart.
 */
import { expect, test } from 'vitest';
import { openBoxes } from '../../../cockpit/hub/box-desk.ts';
import { planRow } from '../../../store/row-codec.ts';
import { alice, bob } from './hub-bench.ts';
import { openHubInHand } from './hub-in-hand.ts';

const ssh = { target: 'me@box', port: 2222 };
const provider = { name: 'ec2', id: 'i-1', spawnedAt: 5, ttlMs: 60_000 };
const installed = { version: '1.2.3', at: 7, service: 'systemd' };

test('boxes: a put replaces what it names and leaves the rest', async () => {
  const { hub } = await openHubInHand();
  await hub.boxes.put(alice, { ssh, installed });
  await hub.boxes.put(alice, { provider });
  await hub.boxes.put(alice, { installed: { ...installed, version: '2.0.0' } });
  const box = { worker: alice, ssh, provider, installed: { ...installed, version: '2.0.0' } };
  expect(hub.boxes.find(alice)).toEqual(box);
  expect(hub.boxes.find(bob)).toBeUndefined();
  expect(hub.boxes.list()).toEqual([box]);
});

test('boxes: what was put is there after a restart, what was removed is not', async () => {
  const scene = await openHubInHand();
  const { hub } = scene;
  await hub.boxes.put(bob, { ssh }, { kind: 'worker-installed', worker: bob });
  await hub.boxes.put(alice, { provider });
  await hub.boxes.remove(alice);
  await hub.boxes.remove(alice);
  expect(scene.countRows('b/')).toBe(1);
  const again = await openBoxes({ kv: hub.kv } as Parameters<typeof openBoxes>[0]);
  expect(again.list()).toEqual([{ worker: bob, ssh }]);
  expect(scene.failure).toBeUndefined();
});

test('boxes: a row that cannot be read stops the start, with its key', async () => {
  const { hub } = await openHubInHand();
  await hub.kv.batch([planRow(`b/${alice}`, { worker: 3 })], 'synced');
  const opening = openBoxes({ kv: hub.kv } as Parameters<typeof openBoxes>[0]);
  await expect(opening).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
});
