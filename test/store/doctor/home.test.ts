/*
 * The checks of a home, each with a home that is really damaged so, and each silent about a sound one.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { DoctorMode } from '../../../protocol/doctor.ts';
import { runDoctor } from '../../../protocol/doctor-run.ts';
import { defineSection } from '../../../protocol/doctor-sections.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { isUnixAnswered } from '../../../protocol/transports/unix.ts';
import { soundDisk } from '../../../store/disk-guard.ts';
import { homeChecks } from '../../../store/doctor/home-checks.ts';
import { gatherHome, type HomeFacts, type HomePlan } from '../../../store/doctor/home-facts.ts';
import { closeMsMax } from '../../../store/doctor/limits.ts';
import { type LiveDisk, StoreVisit } from '../../../store/doctor/store-visit.ts';
import { storeMigrations } from '../../../store/format.ts';
import { readConfig } from '../../../store/home.ts';
import { formatKey } from '../../../store/keys.ts';
import type { Kv } from '../../../store/kv.ts';
import { openLevelKv } from '../../../store/open.ts';
import { planRow } from '../../../store/row-codec.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';
import { createDirectory } from '../place.ts';

let home: string;
let remove: () => Promise<void>;
let server: Server | undefined;
let plan: HomePlan;
let store: string;

beforeEach(async () => {
  ({ path: home, remove } = await createDirectory());
  await writeFile(join(home, 'key'), 'secret', { mode: 0o600 });
  store = join(home, 'store');
  plan = {
    directory: home,
    privateFiles: [join(home, 'key'), join(home, 'not-there')],
    socket: join(home, 's'),
    config: join(home, 'config.toml'),
    readConfig: async () => undefined,
    isAnswered: isUnixAnswered,
    nowMs: 2_000_000_000_000,
  };
});

afterEach(async () => {
  server?.close();
  server = undefined;
  await remove();
});

function visitStore(live?: LiveDisk): StoreVisit {
  const { timers } = openSystemPorts();
  const isServed = async () => server !== undefined;
  return new StoreVisit({ directory: store, live, isServed, timers });
}

/** The facts, by a visit that ends with them. */
async function gather(live?: LiveDisk): Promise<HomeFacts> {
  const visit = visitStore(live);
  const facts = await gatherHome(plan, visit);
  await visit.close();
  return facts;
}

function diagnose(mode: DoctorMode, change: (facts: HomeFacts) => Partial<HomeFacts> = () => ({})) {
  const section = defineSection({
    name: 'home',
    pace: 'quick',
    gather: async () => {
      const facts = await gather();
      return { home: { ...facts, ...change(facts) } };
    },
    checks: homeChecks,
  });
  const context = { isAnswered: isUnixAnswered, nowMs: plan.nowMs };
  const open = async () => ({ context, close: async () => undefined });
  const ports = openSystemPorts();
  return runDoctor({ sections: [section], open, ports, noticed: () => undefined }, { mode });
}

async function listFound(change?: (facts: HomeFacts) => Partial<HomeFacts>) {
  const { findings } = await diagnose('look', change);
  return findings.map(({ id }) => id);
}

async function expectMended(id: string): Promise<void> {
  expect(await listFound()).toEqual([id]);
  expect(await diagnose('fix')).toMatchObject({ findings: [], fixed: [{ id }] });
  expect(await listFound()).toEqual([]);
}

/** Where a file of this name lies now. */
async function findAside(name: string): Promise<string> {
  const names = await readdir(home);
  return join(home, names.find((other) => other.startsWith(`${name}.aside-`)) ?? '');
}

/** A process that bound the socket and was killed. */
function leaveSocket(): void {
  const bind = `require('node:net').createServer().listen(${JSON.stringify(plan.socket)}, () => process.kill(process.pid, 'SIGKILL'))`;
  try {
    execFileSync(process.execPath, ['-e', bind]);
  } catch (thrown) {
    expect(thrown).toMatchObject({ signal: 'SIGKILL' });
  }
}

/** Another process that owns the store, and answers nobody. */
function spawnOwner() {
  const script = `
    import { openLevelKv } from ${JSON.stringify(new URL('../../../store/open.ts', import.meta.url).href)};
    await openLevelKv(${JSON.stringify(store)});
    console.log('up');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return {
    pid: child.pid,
    ready: once(child.stdout, 'data'),
    gone: once(child, 'exit'),
    kill: () => child.kill('SIGKILL'),
  };
}

async function makeStore(): Promise<void> {
  const kv = await openLevelKv(store);
  await kv.batch([{ type: 'put', key: 'meta/format', value: new Uint8Array([1]) }], 'synced');
  await kv.close();
}

describe('doctor of a home', () => {
  test('home: a sound one has no finding, with and without a store', async () => {
    expect(await listFound()).toEqual([]);
    await makeStore();
    expect(await listFound()).toEqual([]);
    expect((await gather()).store).toEqual({ is: 'sound' });
  });

  test('home-modes: a home that others can enter is found and closed', async () => {
    await chmod(home, 0o755);
    await expectMended('home-modes');
    expect((await lstat(home)).mode & 0o777).toBe(0o700);
  });

  test('home-modes: a key that others can read is found and closed; a stricter mode is fine', async () => {
    await chmod(join(home, 'key'), 0o640);
    await expectMended('home-modes');
    await chmod(join(home, 'key'), 0o400);
    expect(await listFound()).toEqual([]);
  });

  test('home-modes: what a link leads to is not ours to change', async () => {
    await rm(join(home, 'key'));
    await writeFile(join(home, 'other'), '', { mode: 0o644 });
    await symlink(join(home, 'other'), join(home, 'key'));
    expect(await listFound()).toEqual([]);
  });

  test('config-unreadable: the reader’s own words are what was seen; the file is moved aside and kept', async () => {
    await writeFile(plan.config, 'slots =');
    plan = { ...plan, readConfig: () => readConfig(plan.config, z.strictObject({})) };
    const { findings } = await diagnose('fix-safe');
    expect(findings).toMatchObject([{ id: 'config-unreadable', fixable: 'here' }]);
    expect(findings[0]?.seen).toContain('config.toml is not valid TOML at line 1');
    await expectMended('config-unreadable');
    expect(await readFile(await findAside('config.toml'), 'utf8')).toBe('slots =');
  });

  test('socket-stale: a socket that nobody answers is found and removed', async () => {
    leaveSocket();
    await expectMended('socket-stale');
  });

  test('socket-stale: an answered socket is none', async () => {
    await new Promise<void>((resolve) => {
      server = createServer().listen(plan.socket, resolve);
    });
    expect(await listFound()).toEqual([]);
  });

  test('socket-foreign: another file in its place is found, and moved aside, not removed', async () => {
    await writeFile(plan.socket, 'mine');
    expect(await diagnose('fix-safe')).toMatchObject({ findings: [{ id: 'socket-foreign' }] });
    await expectMended('socket-foreign');
    expect(await readFile(await findAside('s'), 'utf8')).toBe('mine');
  });

  test('store-damaged: a restore that was cut off between its moves is said, and the older store left alone', async () => {
    const kv = await openLevelKv(store);
    await kv.close();
    await writeFile(join(home, 'restore.json'), '{}', { mode: 0o600 });
    const { findings } = await diagnose('look');
    expect(findings).toMatchObject([{ id: 'store-damaged' }]);
    expect(findings[0]?.seen).toContain('A restore was cut off between its moves');
    expect(findings[0]?.advice).toContain('goes on where it stopped');
  });

  test('store visit: it ends although the disk under the store answers nothing any more', async () => {
    await (await openLevelKv(store)).close();
    // Whoever reads a pipe that nobody writes waits for ever, as on a disk that died.
    const pipe = join(store, '999999.log');
    execFileSync('mkfifo', [pipe]);
    const ports = new FakePorts();
    const isServed = async () => false;
    const visit = new StoreVisit({
      directory: store,
      live: undefined,
      isServed,
      timers: ports.timers,
    });
    let isOver = false;
    const looking = visit.look();
    const closing = visit.close().then(() => {
      isOver = true;
    });
    await ports.advance(closeMsMax - 1);
    expect(isOver).toBe(false);
    await ports.advance(1);
    await closing;
    // The reader is let go, or this process could not end either.
    const writer = await vi.waitFor(() =>
      openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK),
    );
    unlinkSync(pipe);
    closeSync(writer);
    expect(await looking).toEqual({ is: 'sound' });
    await (await visit.findKv())?.close();
  });

  test('home-leftovers: an old file that was written aside goes, a young one stays', async () => {
    const old = join(home, 'pairing.json.4711.new');
    const young = join(home, 'hub.key.0badcafe.new');
    await writeFile(old, '{}');
    await writeFile(young, '');
    await utimes(young, plan.nowMs / 1000, plan.nowMs / 1000 - 60);
    await expectMended('home-leftovers');
    expect((await lstat(young)).isFile()).toBe(true);
  });

  test('home-leftovers: half a backup, half a restore and a throw-away lock go; a restore that goes on stays', async () => {
    const left = ['backups/wally-1.tar.gz.77.new', 'hold-Ab12_x/LOCK', 'restore.new/home/hub.key'];
    const old = plan.nowMs / 1000 - 7200;
    for (const path of left) {
      await mkdir(join(home, dirname(path)), { recursive: true });
      await writeFile(join(home, path), 'half');
    }
    await writeFile(join(home, 'restore.json'), '{}');
    for (const path of ['backups/wally-1.tar.gz.77.new', 'hold-Ab12_x', 'restore.new']) {
      await utimes(join(home, path), old, old);
    }
    const found = await listFound();
    // Whose moves are to be finished.
    expect(found).toEqual(['store-damaged', 'home-leftovers', 'home-leftovers']);
    await rm(join(home, 'restore.json'));
    expect(await listFound()).toHaveLength(3);
    expect((await diagnose('fix')).fixed).toHaveLength(3);
    expect(await readdir(home)).not.toContain('restore.new');
    expect(await readdir(join(home, 'backups'))).toEqual([]);
  });

  test('store-damaged: a store whose CURRENT is gone is found, and left as it is', async () => {
    await makeStore();
    await writeFile(join(store, 'CURRENT'), 'rubbish\n');
    expect(await diagnose('fix')).toMatchObject({ findings: [{ id: 'store-damaged' }], fixed: [] });
  });

  test('store-damaged: a store that remembers less than was acknowledged is found before it is started', async () => {
    await makeStore();
    expect(await diagnose('look')).toMatchObject({ findings: [] });
    await writeFile(join(store, 'TAIL'), '1000\n');
    const { findings } = await diagnose('look');
    expect(findings).toMatchObject([{ id: 'store-damaged' }]);
    expect(findings[0]?.seen).toContain('acknowledged writes are missing');
  });

  test.each([
    ['ENOSPC', /^Make room/],
    ['IO error: /h/store/LOCK: Read-only file system', /^Make it writable/],
    ['IO error: /h/store/LOCK: Permission denied', /^Make it writable/],
  ])(
    'store-damaged: where the disk is at fault nobody is told to repair: %s',
    async (words, advice) => {
      const failed = { get: () => Promise.reject(new Error(words)) } as unknown as Kv;
      const facts = await gather({ kv: failed, health: soundDisk.health });
      const [check] = homeChecks.filter(({ id }) => id === 'store-damaged');
      expect(check?.diagnose({ home: facts })[0]?.advice).toMatch(advice);
    },
  );

  test('store-damaged: a live store that fails says so', async () => {
    const failed = { get: () => Promise.reject(new Error('no space left')) } as unknown as Kv;
    const facts = await gather({ kv: failed, health: soundDisk.health });
    expect(await listFound(() => facts)).toEqual(['store-damaged']);
  });

  test('store-locked: a store that somebody owns who does not answer is found, with its owner', async () => {
    await makeStore();
    const owner = spawnOwner();
    await owner.ready;
    const { findings } = await diagnose('fix');
    expect(findings.map(({ id }) => id)).toEqual(['store-locked']);
    if (process.platform === 'linux') {
      expect(findings[0]?.seen).toContain(`Process ${owner.pid} owns the store`);
    }
    owner.kill();
    await owner.gone;
    expect(await listFound()).toEqual([]);
  });

  test('store-locked: a store whose owner answers is that one’s affair', async () => {
    const kv = await openLevelKv(store);
    await new Promise<void>((resolve) => {
      server = createServer().listen(plan.socket, resolve);
    });
    expect((await gather()).store).toEqual({ is: 'unknown' });
    expect(await listFound()).toEqual([]);
    await kv.close();
  });

  test('store-newer: a store of a newer version is found, and left as it is', async () => {
    const kv = await openLevelKv(store);
    await kv.batch([planRow(formatKey, storeMigrations.length + 2)], 'synced');
    await kv.close();
    const { findings } = await diagnose('fix');
    expect(findings.map(({ id }) => id)).toEqual(['store-newer']);
    expect(findings[0]?.seen).toContain(`has format ${storeMigrations.length + 2}`);
    const again = await openLevelKv(store);
    await again.batch([planRow(formatKey, storeMigrations.length + 1)], 'synced');
    await again.close();
    expect(await listFound()).toEqual([]);
  });

  test('disk-low: one byte under the watermark is found; the real disk is asked', async () => {
    const room = { freeBytes: 99, watermarkBytes: 100, ballast: undefined };
    expect(await listFound(() => ({ room }))).toEqual(['disk-low']);
    expect(await listFound(() => ({ room: { ...room, freeBytes: 100 } }))).toEqual([]);
    expect((await gather()).room?.freeBytes).toBeGreaterThan(0);
  });

  test('ballast-missing: only one that was given up is missed', async () => {
    const room = { freeBytes: 100, watermarkBytes: 100 };
    const find = (ballast: 'ready' | 'released' | 'none') =>
      listFound(() => ({ room: { ...room, ballast } }));
    expect(await find('released')).toEqual(['ballast-missing']);
    expect([...(await find('none')), ...(await find('ready'))]).toEqual([]);
  });

  test('store-damaged: a store that is being opened again is found while it is', async () => {
    const kv = await openLevelKv(store);
    const health = { is: 'reopening', since: 0, code: 'DISK_FULL', message: 'no space' } as const;
    const facts = await gather({ kv, health: { store: health, room: null } });
    expect(facts.store).toMatchObject({ is: 'failed', code: 'DISK_FULL' });
    await kv.close();
  });

  test.each([
    [{ node: '21.9.0', arch: 'x64', glibc: '2.36' }, 1],
    [{ node: '24.0.0', arch: 'x64', glibc: '2.27' }, 1],
    [{ node: '24.0.0', arch: 'x64', glibc: '2.28' }, 0],
    [{ node: '24.0.0', arch: 'arm64', glibc: '2.32' }, 1],
    [{ node: '24.0.0', arch: 'arm64', glibc: '3.1' }, 0],
    [{ node: '24.0.0', arch: 'x64', glibc: null }, 0],
  ])('runtime-old: %o gives %i findings', async (runtime, count) => {
    const found = await listFound(() => ({ runtime }));
    expect(found).toEqual(Array(count).fill('runtime-old'));
  });
});
