/*
 * A hub whose store was put back to a copy: what it queues before its worker comes hides nothing of that, also after it was
 * started once more.
 */
import { expect, test } from 'vitest';
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

test('went back: what never left is given anew once the worker is paired again', async () => {
  const second = await again(await openServed());
  await dispatch(second, 2);
  await second.join(alice, { received: 3, queued: 1 });
  await second.hub.stop();
  const third = await again(second);
  const peer = await third.join(alice, { store: 'e'.repeat(32) });
  expect(await listStates(third, ['J2', 'J3'])).toEqual(['queued', 'queued']);
  expect(peer.pick('data').map(({ seq }) => seq)).toEqual([1, 2]);
  await third.hub.stop();
});
