/*
 * Providers as data: what is shipped, what a config lays over it, and what it may not say.
 * Nothing is run here.
 */
import { describe, expect, test } from 'vitest';
import { type Provider, readProviders } from '../../../../cockpit/fleet/spawn/provider.ts';

function read(tables: Parameters<typeof readProviders>[0], name: string): Provider {
  const provider = readProviders(tables).get(name);
  if (provider === undefined) throw new Error(`there is no ${name}`);
  return provider;
}

const own = {
  up: { command: ['box', 'up', '{tag}'] },
  list: { command: ['box', 'list'], id: 'id', tag: 'name' },
  down: { command: ['box', 'down', '{id}'] },
  enter: { via: 'ssh', target: '{address}' },
};

describe('providers', () => {
  test('without a config: the shipped ones, none of which keeps a box warm', () => {
    const all = [...readProviders({}).values()];
    expect(all.map(({ name }) => name)).toEqual([
      ...['local', 'ssh', 'codespaces', 'ec2', 'coder', 'generic'],
    ]);
    expect(all.every(({ warm, max }) => warm === 0 && max === 4)).toBe(true);
  });

  test('a config is laid over the shipped one of its name, table by table', () => {
    const codespaces = read(
      { codespaces: { max: 2, ttl: '8h', values: { repo: 'octo/app' }, up: { timeout: '30m' } } },
      'codespaces',
    );
    expect(codespaces).toMatchObject({
      ...{ kind: 'command', max: 2, ttl: 8 * 3_600_000 },
      values: { repo: 'octo/app', machine: 'basicLinux32gb' },
      up: { timeout: 30 * 60_000, command: expect.arrayContaining(['gh', '{repo}']) },
    });
  });

  test('one that is like another begins from its data, and the way in is replaced as a whole', () => {
    const enter = { via: 'wrapper', command: ['box', 'ssh', '{id}'] };
    const gpu = read({ gpu: { like: 'ec2', values: { type: 'g6.xlarge' }, enter } }, 'gpu');
    expect(gpu).toMatchObject({
      name: 'gpu',
      values: { user: 'ubuntu', type: 'g6.xlarge' },
      enter,
    });
  });

  test('one of its own needs all of its commands', () => {
    expect(read({ mine: own }, 'mine')).toMatchObject({ kind: 'command', settle: 60_000 });
    const { down: _down, ...half } = own;
    expect(() => readProviders({ mine: half })).toThrow(/provider\.mine\.down/);
  });

  test.each([
    [{ mine: { ...own, max: 0 } }, /provider\.mine\.max/],
    [{ mine: { ...own, max: 201 } }, /provider\.mine\.max/],
    [{ mine: { ...own, warm: 3, max: 2 } }, /warm: more than `max`/],
    [{ mine: { ...own, ttl: 'soon' } }, /provider\.mine\.ttl: "soon" is not a duration/],
    [{ mine: { ...own, up: { command: ['{tool}', 'up'] } } }, /the first piece names the program/],
    [{ mine: { ...own, up: { command: ['box'], timeout: '2h' } } }, /an hour at most/],
    [{ mine: { ...own, env: ['A=B'] } }, /no name of a variable/],
    [{ mine: { ...own, list: { ...own.list, id: 'a..b' } } }, /a path is keys/],
    [{ mine: { ...own, colour: 'red' } }, /provider\.mine/],
    [{ mine: { like: 'nobody' } }, /there is no provider "nobody"/],
    [{ 'My Cloud': own }, /one short word/],
    [{ ssh: { hosts: ['-oProxyCommand=x'] } }, /no USER@HOST/],
  ])('a wrong config is refused by its field: %#', (tables, message) => {
    expect(() => readProviders(tables)).toThrow(message);
  });
});
