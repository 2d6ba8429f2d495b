/*
 * How busy the workers' boxes are: kept in memory by their last word, told to screens now and then.
 */
import { afterEach, expect, test } from 'vitest';
import { loadNewsMs } from '../../../cockpit/hub/limits.ts';
import { presentTeam } from '../../../cockpit/verbs/present.ts';
import { alice, bob } from './hub-bench.ts';
import { type HubInHand, openHubInHand } from './hub-in-hand.ts';

let field: HubInHand | undefined;

afterEach(async () => {
  await field?.hub.stop();
});

test('box load: the team shows each worker’s last word, and screens hear of many at once', async () => {
  field = await openHubInHand();
  const { hub, ports, join, rest } = field;
  const peers = [await join(alice), await join(bob)];
  await rest();
  expect(presentTeam(hub).map(({ load }) => load)).toEqual([null, null]);
  let newsCount = 0;
  hub.feed.follow(({ type }) => {
    if (type === 'team') newsCount += 1;
  });
  const load = { cpuLoad: 0.5, memoryFreeBytes: 7, diskFreeBytes: 9 };
  for (const peer of peers) peer.say({ t: 'ping', at: 1, load });
  await rest();
  expect(presentTeam(hub).map((row) => row.load)).toEqual([load, load]);
  expect(newsCount).toBe(0);
  for (let waitedMs = 0; waitedMs < loadNewsMs; waitedMs += 1000) {
    for (const peer of peers) peer.say({ t: 'ping', at: 2, load });
    await ports.advance(1000);
  }
  expect(newsCount).toBe(1);
});
