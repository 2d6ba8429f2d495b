/*
 * What becomes of work with a lease when nobody renews it and nobody watches: its guard ends it.
 *
 * Kills are SIGKILL, stops are SIGSTOP. The tests run at once, each with a hub of its own, because
 * most of their time is a lease that runs out.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { JobDetail } from '../../cockpit/verbs/shapes.ts';
import { findProcesses, isRunning, untilGone } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';

/** A limit for what is to come; never what a test relies on. */
const asked = { timeout: 30_000, interval: 20 };

interface AgentSeen {
  readonly pid: number;
  readonly leases: string;
}

async function openRunning(): Promise<Stage> {
  const stage = openStage();
  stage.configure(stage.localHome, 'slots = 4\n');
  await stage.up();
  return stage;
}

async function look(stage: Stage): Promise<AgentSeen> {
  return (await stage.odally('local', ['status', '--json'])).json<AgentSeen>();
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await untilGone(pid);
}

/** Nothing of it runs any more: in time for a lease, a margin and a busy box. */
async function untilOver({ pids }: Work): Promise<void> {
  await vi.waitUntil(() => !pids.some(isRunning), asked);
}

/** Guards of this stage's agent. */
function findGuards(stage: Stage): readonly number[] {
  return findProcesses(join(stage.localHome, 'guard'));
}

interface Work {
  readonly id: string;
  /** The command, and a process that has left its session. */
  readonly pids: readonly number[];
}

/** Work that goes on until somebody ends it, and writes down who it is. */
async function startWork(stage: Stage, name: string, ...flags: readonly string[]): Promise<Work> {
  const file = stage.path(`${name}.pids`);
  const command = `setsid sleep 302 & echo $! $$ > ${file}.new; mv ${file}.new ${file}; sleep 301; true`;
  const { id } = await stage.dispatch(command, ...flags);
  await vi.waitUntil(() => existsSync(file), asked);
  return { id, pids: readFileSync(file, 'utf8').trim().split(' ').map(Number) };
}

test.concurrent('agent killed: leased work ends with its lease though no agent runs; other work goes on', async () => {
  await using stage = await openRunning();
  const free = await startWork(stage, 'free');
  const leased = await startWork(stage, 'leased', '--stop-after', '10s');
  expect((await look(stage)).leases).toMatch(/^1 lease guarded by process \d+$/);
  await kill((await look(stage)).pid);
  // Neither dies of the kill itself: it is the lease that ends it.
  expect(leased.pids.filter(isRunning)).toEqual(leased.pids);
  await untilOver(leased);
  expect(free.pids.filter(isRunning)).toEqual(free.pids);
  // With nothing left to guard and no agent it goes too.
  await vi.waitUntil(() => findGuards(stage).length === 0, asked);
  await stage.odally('local', ['run', '--background']);
  const [lost, unseen] = await Promise.all([stage.ended(leased.id), stage.ended(free.id)]);
  expect(lost).toMatchObject({ outcome: 'lost', attemptCount: 1 });
  expect(lost.reason).toContain('its guard ended the work');
  expect(unseen.outcome).toBe('lost');
  expect(unseen.reason).not.toContain('guard');
  await untilOver(free);
});

test.concurrent('agent stopped: its guard needs no death to see that the lease is over', async () => {
  await using stage = await openRunning();
  const leased = await startWork(stage, 'leased', '--stop-after', '10s');
  const { pid } = await look(stage);
  process.kill(pid, 'SIGSTOP');
  await untilOver(leased);
  process.kill(pid, 'SIGCONT');
  const ended = await stage.ended(leased.id);
  expect(ended).toMatchObject({ outcome: 'cancelled', attemptCount: 1 });
  expect(ended.reason).toContain('hub could not be heard');
  const next = await stage.ask<JobDetail>(
    'dispatch',
    '--wait',
    '--stop-after',
    '10s',
    '--',
    'true',
  );
  expect(next.outcome).toBe('succeeded');
});

test.concurrent('guard killed: another takes its place while the work goes on, and it guards as well', async () => {
  await using stage = await openRunning();
  const leased = await startWork(stage, 'leased', '--stop-after', '10s');
  const [first = 0] = findGuards(stage);
  await kill(first);
  await vi.waitUntil(() => findGuards(stage).length === 1, asked);
  await vi.waitUntil(async () => /guarded by/.test((await look(stage)).leases), asked);
  expect(leased.pids.filter(isRunning)).toEqual(leased.pids);
  await kill((await look(stage)).pid);
  await untilOver(leased);
});
