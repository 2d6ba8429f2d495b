/*
 * What the work on boxes is told of the other boxes of its hub.
 */
import { expect, test } from 'vitest';
import type { BoxOrder, Maker } from '../../../cockpit/fleet/spawn/maker.ts';
import { readProviders } from '../../../cockpit/fleet/spawn/provider.ts';
import { SpawnWork, type SpawnWorkParts } from '../../../cockpit/hub/spawn-work.ts';
import type { SpawnRecord } from '../../../cockpit/manager/spawn-state.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';

function box(name: string, provider: string): SpawnRecord {
  const never = { askedAt: 1, spawnedAt: null, isPooled: false, state: { is: 'asked' } } as const;
  return { name, provider, tag: `wally-abcdef-${name}`, ...never };
}

test('spawn: a host that another provider of this hub has taken is not for one that was forgotten', async () => {
  const orders: BoxOrder[] = [];
  const maker = { up: async (order: BoxOrder) => void orders.push(order) } as unknown as Maker;
  const provider = readProviders({ farm: { like: 'ssh', hosts: ['one'] } }).get('farm');
  if (provider === undefined) throw new Error('there is no such provider');
  const boxes = [box('alice', 'ssh'), box('bob', 'farm')];
  const parts: Partial<SpawnWorkParts> = {
    ...{ sources: new Map([['farm', { provider, maker }]]), ports: new FakePorts() },
    ...{ list: () => boxes, happened: () => undefined, stepped: () => undefined },
    noticed: () => undefined,
  };
  await new SpawnWork(parts as SpawnWorkParts).up(box('bob', 'farm'));
  expect(orders.flatMap(({ others }) => others)).toEqual(boxes.map(({ tag }) => tag));
});
