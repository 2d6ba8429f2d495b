/*
 * The shipped providers against what their programs print, by fake programs on PATH that write down how they
 * were called. Where each answer was recorded is in recorded/README.md.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openCommandMaker } from '../../../../cockpit/fleet/spawn/command-maker.ts';
import type { Maker } from '../../../../cockpit/fleet/spawn/maker.ts';
import { openPrograms } from '../../../../cockpit/fleet/spawn/ports.ts';
import { readProviders } from '../../../../cockpit/fleet/spawn/provider.ts';
import type { SshPlace } from '../../../../cockpit/manager/box.ts';

const hubKey = 'abcdef'.padEnd(64, '0');
const order = { name: 'alice', tag: 'wally-abcdef-alice', madeAt: 1_764_115_200_000, others: [] };
const worker = 'cd'.repeat(32);
const none = { boxes: [], sought: [] };
const recorded = (name: string) =>
  readFileSync(new URL(`recorded/${name}`, import.meta.url), 'utf8');

let root: string;
let ways: SshPlace[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wy-'));
  mkdirSync(join(root, 'bin'));
  ways = [];
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A program that writes its words down and then does as it is told. */
function fake(name: string, script: string): void {
  const file = join(root, 'bin', name);
  const log = join(root, 'calls');
  writeFileSync(
    file,
    `#!/bin/sh\nfor word in "$(basename "$0")" "$@"; do printf '%s\\n' "$word"; done >> ${log}\necho . >> ${log}\n${script}\n`,
  );
  chmodSync(file, 0o755);
}

/** What was called, word by word. */
function calls(): readonly (readonly string[])[] {
  const text = readFileSync(join(root, 'calls'), 'utf8');
  return text
    .split('\n.\n')
    .slice(0, -1)
    .map((call) => call.split('\n'));
}

function answer(name: string): string {
  const file = join(root, name);
  writeFileSync(file, recorded(name));
  return `cat ${file}`;
}

function open(
  name: string,
  table: Record<string, unknown>,
  env: Record<string, string> = {},
): Maker {
  const provider = readProviders({ [name]: table }).get(name);
  if (provider?.kind !== 'command') throw new Error(`${name} runs no commands`);
  const run = openPrograms({ PATH: `${join(root, 'bin')}:/usr/bin:/bin`, HOME: root, ...env });
  const entrance = {
    install: async (way: SshPlace) => {
      ways.push(way);
      return worker;
    },
    uninstall: async () => undefined,
  };
  return openCommandMaker({ provider, hubKey, run, entrance });
}

async function enterFirst(maker: Maker): Promise<string> {
  const [box] = await maker.list(none);
  if (box === undefined) throw new Error('nothing is listed');
  const { state: _state, ...made } = box;
  const invite = async () => 'odl1_code';
  return maker.enter({ box: { ...made, name: 'alice' }, invite, told: () => undefined });
}

describe('codespaces', () => {
  test('gh makes one, lists ours by their display names, and deletes it', async () => {
    fake(
      'gh',
      `case "$2" in create) ${answer('gh-create.txt')};; list) ${answer('gh-list.json')};; esac`,
    );
    const maker = open('codespaces', { values: { repo: 'octo/app' } });
    await maker.up(order);
    expect(await maker.list(none)).toEqual([
      { id: 'wally-abcdef-alice-5g7xq9r4v2cp', tag: order.tag, state: 'ready' },
      { id: 'wally-abcdef-bob-x4w6jqj9h7g', tag: 'wally-abcdef-bob', state: 'coming' },
      { id: 'wally-abcdef-carol-6jq9h7gx4w', tag: 'wally-abcdef-carol', state: 'coming' },
    ]);
    const id = 'wally-abcdef-alice-5g7xq9r4v2cp';
    expect(await enterFirst(maker)).toBe(worker);
    expect(ways).toEqual([
      { target: order.tag, wrapper: ['gh', 'codespace', 'ssh', '--codespace', id, '--'] },
    ]);
    await maker.down({ name: 'alice', tag: order.tag, id });
    expect(calls()[0]).toEqual([
      ...['gh', 'codespace', 'create', '--repo', 'octo/app', '--machine', 'basicLinux32gb'],
      ...['--display-name', 'wally-abcdef-alice', '--default-permissions'],
    ]);
    expect(calls().at(-1)).toEqual(['gh', 'codespace', 'delete', '--codespace', id, '--force']);
  });

  test('without a repository is refused before anything runs, and says what is missing', () => {
    const maker = open('codespaces', {});
    expect(() => maker.describe(order)).toThrow(/\{repo\}/);
  });
});

describe('ec2', () => {
  const values = { image: 'ami-1a2b3c4d', key: 'my-key' };

  test('aws makes an instance once, lists it with our query, and terminates it', async () => {
    fake(
      'aws',
      `case "$2" in run-instances) ${answer('aws-run.json')};; describe-instances) ${answer('aws-query.json')};; *) ${answer('aws-terminate.json')};; esac`,
    );
    const maker = open('ec2', { values: { ...values, subnet: 'subnet-1' } });
    await maker.up(order);
    expect(await maker.list(none)).toMatchObject([
      { id: 'i-1234567890abcdef0', state: 'ready', address: '198.51.100.10' },
      { id: 'i-1234567890abcdef1', state: 'gone' },
      { id: 'i-1234567890abcdef2', state: 'coming', address: '10.0.0.158' },
    ]);
    await enterFirst(maker);
    expect(ways).toEqual([{ target: 'ubuntu@198.51.100.10' }]);
    await maker.down({ name: 'alice', tag: order.tag, id: 'i-1234567890abcdef0' });
    const [up = [], list = []] = calls();
    expect(up).toContain('wally-abcdef-alice-1764115200000');
    expect(up).toContain(
      'ResourceType=instance,Tags=[{Key=Name,Value=wally-abcdef-alice},{Key=wally-box,Value=wally-abcdef-alice}]',
    );
    expect(up.slice(-2)).toEqual(['--subnet-id', 'subnet-1']);
    expect(list).toContain('Name=tag:wally-box,Values=wally-abcdef-*');
    expect(calls().at(-1)?.slice(-2)).toEqual(['--instance-ids', 'i-1234567890abcdef0']);
  });

  test('the query gives what was recorded of the whole answer', () => {
    const { Reservations: all } = JSON.parse(recorded('aws-describe.json')) as {
      Reservations: { Instances: Record<string, never>[] }[];
    };
    const instances = all.flatMap(({ Instances }) => Instances as Record<string, unknown>[]);
    const queried = instances.map((one) => ({
      id: one.InstanceId,
      state: (one.State as { Name: string }).Name,
      address: one.PublicIpAddress ?? one.PrivateIpAddress ?? null,
      tag: (one.Tags as { Key: string; Value: string }[]).find(({ Key }) => Key === 'wally-box')
        ?.Value,
    }));
    expect(queried).toEqual(JSON.parse(recorded('aws-query.json')));
  });

  test('only the variables that are named reach the program', async () => {
    fake('aws', 'env | sort > "$HOME/env"; echo "[]"');
    const env = { AWS_PROFILE: 'dev', GH_TOKEN: 'secret', WALLY_HOME: '/x', LANG: 'C' };
    await open('ec2', { values }, env).list(none);
    const seen = readFileSync(join(root, 'env'), 'utf8');
    expect(seen).toMatch(/^AWS_PROFILE=dev$/m);
    expect(seen).toMatch(/^LANG=C$/m);
    expect(seen).not.toMatch(/GH_TOKEN|WALLY_HOME/);
  });
});

describe('coder', () => {
  test('coder makes a workspace, lists ours by their names, and deletes it', async () => {
    fake('coder', `case "$1" in list) ${answer('coder-list.json')};; esac`);
    const maker = open('coder', { values: { template: 'docker' } });
    await maker.up({ ...order, ttlMs: 4 * 3_600_000 });
    expect(await maker.list(none)).toEqual([
      { id: order.tag, tag: order.tag, state: 'ready' },
      { id: 'wally-abcdef-bob', tag: 'wally-abcdef-bob', state: 'coming' },
      { id: 'wally-abcdef-carol', tag: 'wally-abcdef-carol', state: 'gone' },
    ]);
    await enterFirst(maker);
    expect(ways).toEqual([{ target: order.tag, wrapper: ['coder', 'ssh', order.tag, '--'] }]);
    await maker.down({ name: 'alice', tag: order.tag, id: order.tag });
    expect(calls()[0]).toEqual([
      ...['coder', 'create', order.tag, '--template', 'docker', '--yes', '--stop-after', '14400s'],
    ]);
    expect(calls().at(-1)).toEqual(['coder', 'delete', order.tag, '--yes']);
  });
});

describe('a command that fails', () => {
  const generic = { values: {} };

  test('says its status and what it said', async () => {
    fake('box', 'echo "quota exceeded" >&2; exit 3');
    await expect(open('generic', generic).up(order)).rejects.toMatchObject({
      code: 'SPAWN_COMMAND',
      message: 'generic: `box up --name …` ended with 3: quota exceeded',
    });
  });

  test('that is not there is an absence, not a failure', async () => {
    await expect(open('generic', generic).up(order)).rejects.toMatchObject({
      code: 'SPAWN_ABSENT',
      message: 'There is no program box here.',
    });
  });

  test('that does not end in its time is ended', async () => {
    fake('box', 'exec sleep 60');
    const maker = open('generic', { up: { timeout: '200ms' } });
    await expect(maker.up(order)).rejects.toMatchObject({
      code: 'SPAWN_COMMAND',
      message: expect.stringContaining('did not end within'),
    });
  });

  test('a list that is no JSON is the provider’s fault', async () => {
    fake('box', 'echo please log in');
    await expect(open('generic', generic).list(none)).rejects.toMatchObject({
      code: 'SPAWN_OUTPUT',
    });
  });
});
