/*
 * Every provider at work against the one contract, and what is special about a pool of hosts.
 *
 * Hosts are folders here, with the port of ssh running their commands; a real sshd is in the end-to-end tests.
 */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openCommandMaker } from '../../../../cockpit/fleet/spawn/command-maker.ts';
import type { Entrance } from '../../../../cockpit/fleet/spawn/entrance.ts';
import { openLocalMaker } from '../../../../cockpit/fleet/spawn/local-maker.ts';
import type { Maker } from '../../../../cockpit/fleet/spawn/maker.ts';
import { openPrograms } from '../../../../cockpit/fleet/spawn/ports.ts';
import { readProviders } from '../../../../cockpit/fleet/spawn/provider.ts';
import { openSshMaker } from '../../../../cockpit/fleet/spawn/ssh-maker.ts';
import type { Ssh } from '../../../../cockpit/fleet/ssh.ts';
import { AppError } from '../../../../protocol/errors.ts';
import { type MakerInHand, makerKeys, testMaker } from '../../../conformance/maker.ts';
import { FakePorts } from '../../../protocol/fake-ports.ts';

const entrance: Entrance = {
  install: async () => expect.unreachable('nobody gets onto a box here'),
  uninstall: async () => expect.unreachable('nobody is on a box here'),
};

function openFolder(): string {
  return mkdtempSync(join(tmpdir(), 'wy-'));
}

async function openLocal(): Promise<MakerInHand> {
  const root = openFolder();
  const run = async () => expect.unreachable('no agent is started here');
  return {
    open: (hubKey) =>
      openLocalMaker({
        ...{ directory: join(root, hubKey.slice(0, 6)), hubKey, run, odally: ['odally'] },
        ...{ timers: new FakePorts().timers, isRunning: async () => false },
      }),
    close: async () => rmSync(root, { recursive: true }),
  };
}

const script = `#!/bin/sh
cd "$HOME/boxes" || exit 9
case "$1" in
  up) mkdir "$2" ;;
  list) printf '['; for box in *; do [ -d "$box" ] && printf '{"n":"%s"},' "$box"; done; printf '0]' ;;
  down) rmdir "$2" ;;
esac
`;

async function openCommands(): Promise<MakerInHand> {
  const root = openFolder();
  mkdirSync(join(root, 'boxes'));
  writeFileSync(join(root, 'box'), script);
  chmodSync(join(root, 'box'), 0o755);
  const provider = readProviders({
    shell: {
      up: { command: ['box', 'up', '{tag}'] },
      list: { command: ['box', 'list'], id: 'n', tag: 'n' },
      down: { command: ['box', 'down', '{id}'] },
      enter: { via: 'ssh', target: '{id}' },
    },
  }).get('shell');
  if (provider?.kind !== 'command') throw new Error('there is no such provider');
  const run = openPrograms({ PATH: `${root}:/usr/bin:/bin`, HOME: root });
  return {
    open: (hubKey) => openCommandMaker({ provider, hubKey, run, entrance }),
    close: async () => rmSync(root, { recursive: true }),
  };
}

/** Hosts that are folders below `root`; one that is not there does not answer. */
function openFolders(root: string): Ssh {
  return {
    run: async ({ target }, command, { stdin = '' } = {}) => {
      const home = join(root, target);
      if (!existsSync(home)) throw new AppError('SSH_UNREACHABLE', `${target} does not answer.`);
      return new Promise((resolve) => {
        const env = { HOME: home, PATH: '/usr/bin:/bin' };
        const child = execFile('/bin/sh', ['-c', command], { env }, (error, stdout, stderr) => {
          resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
        });
        child.stdin?.end(String(stdin));
      });
    },
    open: () => expect.unreachable('no channel is opened here'),
  };
}

const hosts = ['one', 'two', 'three'];

async function openHosts(): Promise<MakerInHand & { readonly root: string }> {
  const root = openFolder();
  for (const host of hosts) mkdirSync(join(root, host));
  return {
    root,
    open: (hubKey) => openSshMaker({ hosts, hubKey, ssh: openFolders(root), entrance }),
    close: async () => rmSync(root, { recursive: true }),
  };
}

testMaker('local', openLocal);
testMaker('command', openCommands);
testMaker('ssh', openHosts);

describe('a pool of hosts', () => {
  let pool: Awaited<ReturnType<typeof openHosts>>;
  let maker: Maker;

  beforeEach(async () => {
    pool = await openHosts();
    maker = pool.open(makerKeys.own);
  });

  afterEach(() => pool.close());

  const tag = (name: string) => `wally-abcdef-${name}`;
  const order = (name: string, others: readonly string[] = []) => ({
    ...{ name, tag: tag(name), madeAt: 1, others },
  });
  const none = { boxes: [], sought: [] };
  const seen = async () => (await maker.list(none)).map(({ id, tag: of }) => `${id} ${of}`);

  test('takes free hosts in their order, each once, whoever shares the pool', async () => {
    await pool.open(makerKeys.other).up({ ...order('x'), tag: 'wally-123456-x' });
    await maker.up(order('alice'));
    await maker.up(order('bob', [tag('alice')]));
    expect(await seen()).toEqual([`two ${tag('alice')}`, `three ${tag('bob')}`]);
    await expect(maker.up(order('carol', [tag('alice'), tag('bob')]))).rejects.toMatchObject({
      code: 'SPAWN_FULL',
    });
  });

  test('two at once never get the same host', async () => {
    const others = [tag('alice'), tag('bob')];
    await Promise.all([maker.up(order('alice', others)), maker.up(order('bob', others))]);
    const ids = (await maker.list(none)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
  });

  test('a host whose box was forgotten is free again', async () => {
    await maker.up(order('alice'));
    await maker.up(order('bob', []));
    expect(await seen()).toEqual([`one ${tag('bob')}`]);
  });

  test('a host that does not answer keeps its box, and is passed over by who needs one', async () => {
    await maker.up(order('alice'));
    rmSync(join(pool.root, 'one'), { recursive: true });
    const boxes = [{ id: 'one', name: 'alice', tag: tag('alice') }];
    expect(await maker.list({ boxes, sought: [] })).toEqual([
      { id: 'one', tag: tag('alice'), state: 'coming' },
    ]);
    await maker.up(order('bob', [tag('alice')]));
    expect(await seen()).toEqual([`two ${tag('bob')}`]);
  });

  test('a host that has gone from the config keeps the box that is on it', async () => {
    await maker.up(order('alice'));
    const fewer = openSshMaker({
      ...{ hosts: ['two'], hubKey: makerKeys.own, ssh: openFolders(pool.root), entrance },
    });
    const boxes = [{ id: 'one', name: 'alice', tag: tag('alice') }];
    expect(await fewer.list({ boxes, sought: [] })).toEqual([
      { id: 'one', tag: tag('alice'), state: 'ready' },
    ]);
  });

  test('while a host is silent nobody can say that a box was not made', async () => {
    rmSync(join(pool.root, 'two'), { recursive: true });
    const sought = { boxes: [], sought: [tag('alice')] };
    await expect(maker.list(sought)).rejects.toThrow('These hosts do not answer: two.');
    await maker.up(order('alice'));
    expect(await maker.list(sought)).toMatchObject([{ id: 'one' }]);
  });

  test('a host is given back by who has it, and by nobody else', async () => {
    await maker.up(order('alice'));
    await maker.down({ id: 'one', name: 'bob', tag: tag('bob') });
    expect(await seen()).toEqual([`one ${tag('alice')}`]);
    await maker.down({ id: 'one', name: 'alice', tag: tag('alice') });
    expect(await seen()).toEqual([]);
  });
});
