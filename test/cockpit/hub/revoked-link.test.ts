/*
 * A worker whose trust ends while it is linked: it is told so, in the last frame of its link.
 */
import { expect, test } from 'vitest';
import { byeLingerMs } from '../../../cockpit/hub/limits.ts';
import { alice } from './hub-bench.ts';
import { openHubInHand } from './hub-in-hand.ts';

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
