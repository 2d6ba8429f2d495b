/*
 * What the work on boxes tells its provider of the other boxes of the hub, and of their workers.
 */
import { expect, test } from 'vitest';
import type { BoxOrder, Maker } from '../../../cockpit/fleet/spawn/maker.ts';
import { readProviders } from '../../../cockpit/fleet/spawn/provider.ts';
import { SpawnWork, type SpawnWorkParts } from '../../../cockpit/hub/spawn-work.ts';
import type { SpawnRecord } from '../../../cockpit/manager/spawn-state.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';
import { alice, makeWorker } from './hub-bench.ts';

function box(name: string, provider: string): SpawnRecord {
  const never = { askedAt: 1, spawnedAt: null, isPooled: false, state: { is: 'asked' } } as const;
  return { name, provider, tag: `wally-abcdef-${name}`, ...never };
}

const boxes = [box('alice', 'ssh'), box('bob', 'farm')];

/** The work of one provider, of which these parts are tried. */
function openWork(maker: Partial<Maker>, workers: SpawnWorkParts['workers']): SpawnWork {
  const provider = readProviders({ farm: { like: 'ssh', hosts: ['one'] } }).get('farm');
  if (provider === undefined) throw new Error('there is no such provider');
  const source = { provider, maker: maker as Maker };
  const parts: Partial<SpawnWorkParts> = {
    ...{ sources: new Map([['farm', source]]), ports: new FakePorts(), workers },
    ...{ list: () => boxes, happened: () => undefined, stepped: () => undefined },
    noticed: () => undefined,
  };
  return new SpawnWork(parts as SpawnWorkParts);
}

test('spawn: the agent of a box is taken off under any name that its worker has or had', async () => {
  const asked: (readonly string[])[] = [];
  const leave: Maker['leave'] = async (_, names) => void asked.push(names);
  const worker = makeWorker(alice, 'al', { formerNames: ['alice', 'old'] });
  const work = openWork({ leave }, { find: (key) => (key === alice ? worker : undefined) });
  await work.leave({ ...box('alice', 'farm'), worker: alice }, { id: 'one' });
  await work.leave(box('bob', 'farm'), { id: 'two' });
  expect(asked).toEqual([['alice', 'al', 'old'], ['bob']]);
});

test('spawn: a host that another provider of this hub has taken is not for one that was forgotten', async () => {
  const orders: BoxOrder[] = [];
  const up = async (order: BoxOrder) => void orders.push(order);
  await openWork({ up }, { find: () => undefined }).up(box('bob', 'farm'));
  expect(orders.flatMap(({ others }) => others)).toEqual(boxes.map(({ tag }) => tag));
});
