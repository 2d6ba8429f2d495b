/*
 * When a worker was last heard, as people are told, over the end of its link.
 */
import { expect, test } from 'vitest';
import { presentTeam } from '../../../cockpit/verbs/present.ts';
import { alice } from './hub-bench.ts';
import { openHubInHand } from './hub-in-hand.ts';

test('team: the end of its link is no word of a worker', async () => {
  const field = await openHubInHand();
  const peer = await field.join(alice);
  const heardAt = field.ports.clock.wallMs();
  await field.ports.advance(4000);
  const seen = () => presentTeam(field.hub).find(({ key }) => key === alice)?.lastSeenMs;
  const before = seen() ?? 0;
  expect(before).toBeGreaterThanOrEqual(4000);
  peer.close();
  await field.rest();
  await field.ports.advance(1000);
  expect(seen()).toBeGreaterThanOrEqual(before + 1000);
  // Kept, so that it is true after a restart.
  expect(field.hub.workers.find(alice)?.lastSeenAt).toBeLessThanOrEqual(heardAt);
  await field.hub.stop();
});
