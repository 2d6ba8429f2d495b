/*
 * `wally spawn local`: agents on this box that come when they are wanted and go when nothing is owed.
 *
 * Everything is real: the agents are processes with homes of their own below the hub's.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { BoxRow } from '../../cockpit/verbs/box-shapes.ts';
import type { EventRow, JobDetail, TeamRow } from '../../cockpit/verbs/shapes.ts';
import { openStage, type Stage } from './stage.ts';

/** Agents start one after the other on a machine that does other things too. */
const spawnMsMax = 60_000;

let stage: Stage;

beforeAll(async () => {
  stage = openStage();
  stage.configure(stage.home, '[provider.local]\nmax = 3\n');
  await stage.ask('up');
});

afterAll(() => stage.close());

/** Runs `spawn local … --wait`; the last line of its JSON is what it answers. */
async function spawn(...args: readonly string[]): Promise<readonly BoxRow[]> {
  const words = ['spawn', 'local', ...args, '--wait', '--json'];
  const result = await stage.wally(words, { timeoutMs: spawnMsMax });
  expect(result.status, result.stdout + result.stderr).toBe(0);
  return result.jsonLines<readonly BoxRow[]>().at(-1) ?? [];
}

const homeOf = (name: string) => join(stage.home, 'spawned', name);

/** Resolves when no box is called so any more. */
async function untilGone(name: string): Promise<void> {
  const look = async () => !(await stage.ask<BoxRow[]>('boxes')).some((box) => box.name === name);
  await vi.waitUntil(look, { timeout: spawnMsMax, interval: 200 });
}

function events(kind: string): Promise<readonly EventRow[]> {
  return stage.ask<EventRow[]>('events', '--kind', kind);
}

test(
  'spawn: two boxes on this one, each a worker with a name, and both take work',
  async () => {
    const boxes = await spawn('--count', '2', '--ttl', '2h');
    expect(boxes.map(({ name, state, worker }) => [name, state, worker])).toEqual([
      ['alice', 'ready', 'alice'],
      ['bob', 'ready', 'bob'],
    ]);
    const team = await stage.ask<TeamRow[]>('team');
    expect(team).toMatchObject([
      { name: 'alice', provider: 'local', link: 'direct' },
      { name: 'bob', provider: 'local', link: 'direct' },
    ]);
    expect(team[0]?.ttlLeftMs).toBeGreaterThan(7_000_000);
    const { stdout } = await stage.wally(['team']);
    expect(stdout).toMatch(/^alice .* local, 1 h 59 m left$/m);
    const all = await stage.ask<JobDetail>(
      'dispatch',
      '--all',
      '--need',
      'linux',
      '--wait',
      '--',
      'pwd',
    );
    expect(all).toMatchObject({ outcome: 'succeeded' });
    expect(all.children.map(({ worker }) => worker).sort()).toEqual(['alice', 'bob']);
  },
  spawnMsMax,
);

test('spawn: no more than max, whatever is asked for', async () => {
  const { status, stdout } = await stage.wally(['spawn', 'local', '--count', '2', '--json']);
  expect(status).toBe(4);
  expect(stdout).toContain('SPAWN_FULL');
  const plan = await stage.wally(['spawn', 'local', '--dry-run']);
  expect(plan.stdout).toContain(`make the home ${homeOf('charlie')}`);
  expect(readdirSync(join(stage.home, 'spawned')).sort()).toEqual(['alice', 'bob']);
});

test(
  'release: a box that works is kept, with what would be lost; named, it is ended and let go',
  async () => {
    const { id } = await stage.dispatch('sleep 300', '--on', 'bob');
    await stage.untilStarted(id);
    const refused = await stage.wally(['release', 'bob', '--json']);
    expect(refused.status).toBe(4);
    expect(refused.json()).toMatchObject({
      error: { code: 'BOX_UNLANDED', message: `Work would be lost. bob: ${id}.1 (it runs).` },
    });
    const words = ['release', 'bob', '--discard', id, '--wait'];
    const { status, stderr } = await stage.wally(words, { timeoutMs: spawnMsMax });
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/^bob \(local\) over: you released it$/m);
    expect(await stage.ended(id)).toMatchObject({ outcome: 'cancelled' });
    expect(existsSync(homeOf('bob'))).toBe(false);
    expect(await stage.ask('inbox')).toEqual([]);
    const names = (await stage.ask<TeamRow[]>('team')).map(({ name }) => name);
    expect(names).toEqual(['alice']);
  },
  spawnMsMax,
);

test(
  'spawn: an agent that was killed comes back, and a box that is gone is settled',
  async () => {
    const pidOf = async (name: string) =>
      (await stage.odally(`hub/spawned/${name}`, ['status', '--json'])).json<{ pid: number }>().pid;
    const before = await pidOf('alice');
    process.kill(before, 'SIGKILL');
    await vi.waitUntil(async () => (await pidOf('alice').catch(() => before)) !== before, {
      timeout: spawnMsMax,
      interval: 200,
    });
    await stage.untilWorker('alice', ({ link }) => link === 'direct');
    const { id } = await stage.dispatch('sleep 300', '--on', 'alice');
    await stage.untilStarted(id);
    const pid = await pidOf('alice');
    process.kill(pid, 'SIGSTOP');
    rmSync(homeOf('alice'), { recursive: true });
    process.kill(pid, 'SIGKILL');
    await untilGone('alice');
    expect(await stage.ended(id)).toMatchObject({
      outcome: 'lost',
      reason: 'alice is gone with its box.',
    });
    expect((await events('box-vanished'))[0]?.text).toContain('the box alice vanished');
    expect(await stage.ask('team')).toEqual([]);
  },
  spawnMsMax * 2,
);

test(
  'spawn: past its time an idle box goes; one that works stays until it has landed',
  async () => {
    const gate = await stage.gate('late');
    const [box] = await spawn('--name', 'late', '--ttl', '10s');
    expect(box).toMatchObject({ name: 'late' });
    const { id } = await stage.dispatch(`${gate.wait}; echo landed`, '--on', 'late');
    await vi.waitUntil(async () => (await events('box-kept')).length > 0, {
      timeout: spawnMsMax,
      interval: 200,
    });
    expect((await events('box-kept'))[0]?.text).toContain(`${id}.1`);
    await gate.open();
    expect(await stage.ended(id)).toMatchObject({ outcome: 'succeeded' });
    await untilGone('late');
    expect((await stage.wally(['logs', id])).stdout).toBe('landed\n');
    expect(existsSync(homeOf('late'))).toBe(false);
  },
  spawnMsMax * 2,
);

test(
  'warm pool: it is filled, taken from at once, and filled again after a release',
  async () => {
    await stage.ask('down');
    stage.configure(stage.home, '[provider.local]\nmax = 3\nwarm = 1\n');
    await stage.ask('up');
    const ready = async (count: number) => {
      const boxes = await stage.ask<BoxRow[]>('boxes');
      return boxes.filter(({ state }) => state === 'ready').length === count;
    };
    await vi.waitUntil(() => ready(1), { timeout: spawnMsMax, interval: 200 });
    const [pooled] = await stage.ask<BoxRow[]>('boxes');
    expect(pooled).toMatchObject({ isPooled: true });
    const [taken] = await stage.ask<BoxRow[]>('spawn', 'local');
    expect(taken).toMatchObject({ name: pooled?.name, isPooled: false, state: 'ready' });
    await vi.waitUntil(() => ready(2), { timeout: spawnMsMax, interval: 200 });
    await stage.wally(['release', '--provider', 'local', '--wait'], { timeoutMs: spawnMsMax });
    await vi.waitUntil(() => ready(1), { timeout: spawnMsMax, interval: 200 });
    const [fresh] = await stage.ask<BoxRow[]>('boxes');
    expect(fresh).toMatchObject({ isPooled: true });
    expect(fresh?.name).not.toBe(pooled?.name);
  },
  spawnMsMax * 3,
);
