/*
 * A worker whose trust ends: it is told so in the last frame of its link, or of its next one where it was away.
 */
import { expect, test } from 'vitest';
import { byeLingerMs, turnedAwayMs } from '../../../cockpit/hub/limits.ts';
import { makeHello } from '../../protocol/raw-peer.ts';
import { alice, makeJob } from './hub-bench.ts';
import { type HubInHand, openHubInHand } from './hub-in-hand.ts';

test('revoke: a worker that is linked is told why its link ends', async () => {
  const field = await openHubInHand();
  const peer = await field.join(alice);
  const worker = field.hub.workers.find(alice);
  if (worker === undefined) throw new Error('alice is not there');
  expect(peer.pick('nak')).toEqual([]);
  const revoking = field.hub.revoke(worker);
  await field.rest();
  await field.ports.advance(byeLingerMs);
  await revoking;
  expect(peer.pick('nak')).toMatchObject([{ code: 'WORKER_REVOKED' }]);
  expect(peer.closedBecause).toBeDefined();
  await field.hub.stop();
});

/** A hub that has revoked alice, who has no link. */
async function openRevoked(): Promise<HubInHand> {
  const field = await openHubInHand();
  const worker = field.hub.workers.find(alice);
  if (worker === undefined) throw new Error('alice is not there');
  await field.hub.desk.dispatch(makeJob([alice]));
  await field.hub.revoke(worker);
  return field;
}

test('revoke: one that was away is told when it dials in, and nothing that it says is read', async () => {
  const field = await openRevoked();
  expect(field.admits(alice)).toBe(true);
  const peer = field.dial(alice);
  peer.say(makeHello({ store: alice.slice(0, 32) }));
  await field.rest();
  expect(peer.heard).toMatchObject([{ t: 'nak', code: 'WORKER_REVOKED' }]);
  expect(peer.closedBecause).toBeDefined();
  expect(field.hub.workers.find(alice)).toMatchObject({ store: null });
  expect(field.failure).toBeUndefined();
  await field.hub.stop();
});

test('revoke: one that was told is a stranger for a while, and a stranger always is', async () => {
  const field = await openRevoked();
  expect(field.admits('77'.repeat(32))).toBe(false);
  const [first, second] = [field.dial(alice), field.dial(alice)];
  await field.rest();
  expect([first, second].map((peer) => peer.pick('nak').length)).toEqual([1, 0]);
  expect(second.closedBecause).toBeDefined();
  expect(field.admits(alice)).toBe(false);
  await field.ports.advance(turnedAwayMs);
  expect(field.admits(alice)).toBe(true);
  await field.hub.stop();
});
