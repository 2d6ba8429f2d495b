/*
 * A hub whose store was put back to a copy: what it queues before its worker comes hides nothing of that, also after it was
 * started once more.
 */
import { expect, test } from 'vitest';
import type { Kv } from '../../../store/kv.ts';
import type { MemoryDisk } from '../../../store/memory.ts';
import { alice, finished, makeJob } from './hub-bench.ts';
import { factFrame, type HubInHand, openHubInHand } from './hub-in-hand.ts';

async function dispatch({ hub }: HubInHand, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await hub.desk.dispatch(makeJob([alice]));
}

/** A hub that alice has served: she has one command of it, and has ended it. */
async function openServed(): Promise<HubInHand> {
  const field = await openHubInHand();
  await dispatch(field, 1);
  const peer = await field.join(alice);
  peer.say({ t: 'ack', received: 1, need: [] });
  peer.say(factFrame(1, finished('J1.1', 'succeeded')));
  await field.rest();
  peer.close();
  await field.rest();
  await field.hub.stop();
  return field;
}

/** It starts again on its disk. */
function again({ disk }: HubInHand): Promise<HubInHand> {
  return openHubInHand({ disk });
}

async function listStates(
  { hub }: HubInHand,
  ids = ['J2', 'J3', 'J4'],
): Promise<readonly string[]> {
  const jobs = await Promise.all(ids.map((id) => hub.desk.get(id as 'J2')));
  return jobs.map((job) => (job.kind === 'command' ? (job.attempts.at(-1)?.state.is ?? '') : ''));
}

test('went back: a worker that has more than ever left is refused, and nothing that it holds is believed', async () => {
  const second = await again(await openServed());
  await dispatch(second, 3);
  const before = await listStates(second);
  // Of a life that this store knows nothing of: it has three commands, and ended them.
  const claim = { received: 3, queued: 1, inventory: [] };
  const peer = await second.join(alice, claim);
  expect(peer.pick('nak')).toMatchObject([{ code: 'PEER_REGRESSED' }]);
  expect(peer.pick('data')).toEqual([]);
  expect(await listStates(second)).toEqual(before);
  await second.hub.stop();
  // The numbers have caught up in the store; it is known all the same.
  const third = await again(second);
  await dispatch(third, 1);
  const later = await third.join(alice, claim);
  expect(later.pick('nak')).toMatchObject([{ code: 'PEER_REGRESSED' }]);
  expect(await listStates(third)).toEqual(before);
  expect(third.hub.workers.find(alice)).toMatchObject({ sentMax: 1 });
  await third.hub.stop();
});

test('went back: one that has what it was told is served, and its mark is gone before more leaves', async () => {
  const second = await again(await openServed());
  await dispatch(second, 2);
  expect((await second.join(alice, { received: 2, queued: 1 })).pick('nak')).toHaveLength(1);
  await second.hub.stop();
  const third = await again(second);
  const peer = await third.join(alice, { received: 1, queued: 1 });
  expect(peer.pick('data').map(({ seq }) => seq)).toEqual([2, 3]);
  expect(third.hub.workers.find(alice)).not.toHaveProperty('sentMax');
  peer.say({ t: 'ack', received: 3, need: [] });
  await third.rest();
  peer.close();
  await third.rest();
  await third.hub.stop();
  const fourth = await again(third);
  const back = await fourth.join(alice, { received: 3, queued: 1 });
  expect(back.pick('nak')).toEqual([]);
  await fourth.hub.stop();
});

/** A store whose batches wait for the test, from when it says so. */
function makeGate() {
  const waiting: (() => void)[] = [];
  const gate = {
    isShut: false,
    /** Lets the oldest batch through. */
    pass: () => waiting.shift()?.(),
    guardKv: (kv: Kv): Kv => ({
      get: (key) => kv.get(key),
      range: (range) => kv.range(range),
      snapshot: () => kv.snapshot(),
      close: () => kv.close(),
      batch: async (...batch) => {
        if (gate.isShut) await new Promise<void>((resolve) => waiting.push(resolve));
        return kv.batch(...batch);
      },
    }),
  };
  return gate;
}

/** The disk of a hub on which alice is marked, with so many commands that never left. */
async function makeMarked(count: number): Promise<MemoryDisk> {
  const second = await again(await openServed());
  await dispatch(second, count);
  await second.join(alice, { received: 9, queued: 1 });
  expect(second.hub.workers.find(alice)).toMatchObject({ sentMax: 1 });
  await second.hub.stop();
  return second.disk;
}

/** After lost power alice comes with what she was given, and is served. */
async function expectServed(disk: MemoryDisk, received: number): Promise<void> {
  disk.crash();
  const next = await openHubInHand({ disk });
  expect((await next.join(alice, { received, queued: 1 })).pick('nak')).toEqual([]);
  await next.hub.stop();
}

test('went back: by a second link no more leaves than by the first before the mark is off the disk', async () => {
  const disk = await makeMarked(2);
  const gate = makeGate();
  const field = await openHubInHand({ disk, guardKv: gate.guardKv });
  gate.isShut = true;
  const first = await field.join(alice, { received: 1, queued: 1 });
  first.close();
  await field.rest();
  const second = await field.join(alice, { received: 1, queued: 1 });
  expect([...first.pick('data'), ...second.pick('data')]).toEqual([]);
  await expectServed(disk, 1);
});

test('went back: a command that was on its way to the disk as the link opened leaves after the mark', async () => {
  const disk = await makeMarked(0);
  const gate = makeGate();
  const field = await openHubInHand({ disk, guardKv: gate.guardKv });
  gate.isShut = true;
  const given = field.hub.desk.dispatch(makeJob([alice]));
  await field.rest();
  const peer = await field.join(alice, { received: 1, queued: 1 });
  gate.pass();
  await given;
  await field.rest();
  expect(peer.pick('data')).toEqual([]);
  gate.isShut = false;
  for (let n = 0; n < 3; n += 1) gate.pass();
  await field.rest();
  expect(peer.pick('data').map(({ seq }) => seq)).toEqual([2]);
  await expectServed(disk, 2);
});
