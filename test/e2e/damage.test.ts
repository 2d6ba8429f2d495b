/*
 * Homes that can't be used: each is one coded error, nothing in them is touched, and the hub works
 * again once what was wrong is put right. Each test has a home of its own, so they run at once.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  globSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { JobRow } from '../../cockpit/verbs/shapes.ts';
import { locateProgram, startScript } from '../kit/processes.ts';
import { type Complaint, expectJson, expectNoInsides, expectSaid } from './complaint.ts';
import { untilGone } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';

/** Every file of the home but what a store's opening always writes: its lock and its own log. */
function fingerprint(home: string): ReadonlyMap<string, string> {
  const paths = globSync('**', { cwd: home }).toSorted();
  const kept = paths.filter((path) => !/(^|\/)(LOG|LOG\.old|LOCK|hub\.log)$/.test(path));
  const files = kept.filter((path) => statSync(join(home, path)).isFile());
  return new Map(
    files.map((path) => {
      const bytes = readFileSync(join(home, path));
      return [path, createHash('sha256').update(bytes).digest('hex')];
    }),
  );
}

/** `up`, behind and in front, complains, starts nothing and leaves every file as it was. */
async function expectRefused(stage: Stage, complaint: Complaint): Promise<void> {
  const before = fingerprint(stage.home);
  expectJson(await stage.wally(['up', '--json']), complaint);
  expectSaid(await stage.wally(['up', '--foreground']), complaint);
  expect(fingerprint(stage.home)).toEqual(before);
  await stage.untilRunning(0);
  const log = join(stage.home, 'hub.log');
  if (existsSync(log)) expectNoInsides(readFileSync(log, 'utf8'));
}

test.concurrent('home: a second hub on it is refused, and the first goes on', async () => {
  await using stage = openStage();
  await stage.ask('up');
  const complaint = { code: 'HUB_RUNNING', status: 4 };
  expectSaid(await stage.wally(['up', '--foreground']), complaint);
  expectJson(await stage.wally(['up', '--foreground', '--json']), complaint);
  expect(await stage.ask('status')).toMatchObject({ hub: { home: stage.home } });
});

test.concurrent('home: the socket of a dead hub is in nobody’s way', async () => {
  await using stage = openStage();
  const { hub } = await stage.ask<{ hub: { pid: number } }>('up');
  process.kill(hub.pid, 'SIGKILL');
  await untilGone(hub.pid);
  expect(existsSync(join(stage.home, 'hub.sock'))).toBe(true);
  expectJson(await stage.wally(['team', '--json']), { code: 'HUB_UNREACHABLE', status: 3 });
  expect(await stage.ask('up')).toMatchObject({ isNew: true });
  expect(await stage.ask('team')).toEqual([]);
});

test.concurrent('home: what is in the socket’s place and is no socket is somebody’s file', async () => {
  await using stage = openStage();
  writeFileSync(join(stage.home, 'hub.sock'), 'mine\n');
  expectJson(await stage.wally(['up', '--json']), { code: 'SOCKET_PATH', status: 2 });
  expect(readFileSync(join(stage.home, 'hub.sock'), 'utf8')).toBe('mine\n');
});

test.concurrent('home: a path too long for a socket, or below a file, is said before anything is made', async () => {
  await using stage = openStage();
  const long = stage.path('x'.repeat(120));
  const tooLong = await stage.wally(['up', '--json'], { env: { WALLY_HOME: long } });
  expectJson(tooLong, { code: 'SOCKET_PATH', status: 2 });
  expect(existsSync(long)).toBe(false);
  const file = stage.path('file');
  writeFileSync(file, '');
  const below = await stage.wally(['up', '--json'], { env: { WALLY_HOME: join(file, 'home') } });
  expectJson(below, { code: 'HOME_UNWRITABLE', status: 2 });
});

const isRoot = process.getuid?.() === 0;

/** Runs a program as somebody who may not write: root may, so it becomes nobody. */
function runPowerless(stage: Stage, args: readonly string[]) {
  const env = stage.homes.hub('closed');
  const become = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  const words = [process.execPath, locateProgram('wally'), ...args];
  const [command = '', ...rest] = isRoot ? ['setpriv', ...become, ...words] : words;
  // The kit runs scripts of Node, and this one replaces itself at once.
  const script = `const { spawnSync } = require('node:child_process');
    const end = spawnSync(${JSON.stringify(command)}, ${JSON.stringify(rest)}, { stdio: 'inherit' });
    process.exitCode = end.status ?? 99;`;
  return startScript({ file: '-e', args: [script], env }).result;
}

function isReadableByNobody(): boolean {
  if (!isRoot) return true;
  try {
    const become = ['--reuid=65534', '--regid=65534', '--clear-groups'];
    const words = [process.execPath, locateProgram('wally'), '--version'];
    execFileSync('setpriv', [...become, ...words], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!isReadableByNobody())(
  'home: one that may not be written is refused, and nothing is put there (where nobody may run them)',
  async () => {
    await using stage = openStage();
    const closed = stage.homes.folder('closed');
    if (isRoot) chownSync(stage.homes.root, 65534, 65534);
    if (isRoot) chownSync(closed, 65534, 65534);
    chmodSync(closed, 0o500);
    const complaint = { code: 'HOME_UNWRITABLE', status: 2 };
    expectSaid(await runPowerless(stage, ['up']), complaint);
    expectJson(await runPowerless(stage, ['up', '--json']), complaint);
    expectSaid(await runPowerless(stage, []), complaint);
    expect(readdirSync(closed)).toEqual([]);
  },
);

test.concurrent.each([
  ['is not TOML', 'swarm = [unfinished\n', /line 1|line 2/],
  ['has a field of a wrong kind', '[swarm]\nport = "many"\n', /swarm\.port/],
  ['has a field that nobody knows', '[swarm]\nprot = 1\n', /prot/],
])('config: one that %s is refused by name', async (_, text, named) => {
  await using stage = openStage();
  stage.configure(stage.home, text);
  await expectRefused(stage, { code: 'CONFIG_INVALID', status: 2 });
  // `wally` alone starts the hub too.
  const { stderr } = await stage.wally([]);
  expect(stderr).toContain(join(stage.home, 'config.toml'));
  expect(stderr).toMatch(named);
});

test.concurrent('config: an agent says the same of its own', async () => {
  await using stage = openStage();
  await stage.up();
  await stage.odally('local', ['stop']);
  stage.configure(stage.localHome, 'slots = -1\n');
  const complaint = { code: 'CONFIG_INVALID', status: 2 };
  await stage.untilRunning(1);
  expectSaid(await stage.odally('local', ['run']), complaint);
  expectJson(await stage.odally('local', ['run', '--background', '--json']), complaint);
  expectJson(await stage.wally(['up', '--local', '--json']), complaint);
});

test.concurrent('damage: key or store broken is said by its code, and whole again nothing is lost', async () => {
  await using stage = openStage();
  await stage.up();
  await stage.ended((await stage.dispatch('echo kept')).id);
  const jobs = await stage.ask<readonly JobRow[]>('jobs');
  await stage.ask('down');
  for (const [pattern, code, status, garbage] of [
    ['hub.key', 'KEY_INVALID', 2, 'not a key\n'],
    ['store/CURRENT', 'STORE_DAMAGED', 1, 'garbage'],
    ['store/MANIFEST-*', 'STORE_DAMAGED', 1, '\u0000\u0001garbage garbage garbage'],
  ] as const) {
    const [name = ''] = globSync(pattern, { cwd: stage.home });
    const path = join(stage.home, name);
    const good = readFileSync(path);
    writeFileSync(path, garbage);
    await expectRefused(stage, { code, status });
    writeFileSync(path, good);
  }
  await stage.up();
  expect(await stage.ask('jobs')).toEqual(jobs);
  expect((await stage.wally(['logs', 'J1'])).stdout).toBe('kept\n');
});
