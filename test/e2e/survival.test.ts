/*
 * What is true after a hub or an agent was killed at the worst moment.
 *
 * Every kill is SIGKILL: no handler runs, as when a box loses power. The survival table of the
 * README is what is tried here. The tests run at once, each with a hub of its own, because most of
 * their time is silence that one side must take for what it is.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { JobDetail, JobRow, StatusShape } from '../../cockpit/verbs/shapes.ts';
import { findProcesses, isRunning, untilGone } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';

async function openRunning(): Promise<Stage> {
  const stage = openStage();
  await stage.up();
  return stage;
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await untilGone(pid);
}

async function killHub(stage: Stage): Promise<void> {
  await kill((await stage.ask<StatusShape>('status')).hub.pid);
}

async function killAgent(stage: Stage): Promise<void> {
  const status = await stage.odally('local', ['status', '--json']);
  await kill(status.json<{ pid: number }>().pid);
}

/** Leaves in good order: the hub knows at once that nobody is there. */
async function stopAgent(stage: Stage): Promise<void> {
  expect(await stage.odally('local', ['stop'])).toMatchObject({ status: 0 });
  await stage.untilWorker('alice', ({ link }) => link === 'none');
}

/** Holds a UDP port of loopback; a killed owner's threads may hold it for a moment longer. */
async function takePort(port: number): Promise<AsyncDisposable & { readonly port: number }> {
  const bind = async () => {
    const socket = createSocket('udp4');
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return socket;
  };
  const socket = await vi.waitFor(bind, { timeout: 5000 });
  return {
    port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

interface Counted {
  readonly command: string;
  readonly runs: () => number;
}

/** A job that counts in a file how often it was begun, so that a second run is seen. */
function count(stage: Stage, command: string): Counted {
  const file = stage.path('runs');
  const runs = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0);
  return { command: `echo run >> ${file}; ${command}`, runs };
}

test.concurrent('hub killed: the job goes on, and outcome and whole log are there after the next up', async () => {
  await using stage = await openRunning();
  const gate = await stage.gate('hub');
  const numbers = 'i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done';
  const done = stage.path('done');
  const job = count(stage, `echo before; ${gate.wait}; ${numbers}; touch ${done}; exit 9`);
  const { id } = await stage.dispatch(job.command);
  await stage.untilStarted(id);
  await killHub(stage);
  await gate.open();
  await vi.waitUntil(() => existsSync(done), { timeout: 10_000 });
  await stage.up();
  const ended = await stage.ended(id);
  expect(ended).toMatchObject({ outcome: 'failed', exitCode: 9, attemptCount: 1 });
  const { stdout } = await stage.wally(['logs', id, '-f']);
  const lines = Array.from({ length: 2000 }, (_, index) => `line ${index}\n`);
  expect(stdout === `before\n${lines.join('')}`).toBe(true);
  expect(job.runs()).toBe(1);
});

test.concurrent('agent killed: the job is lost with a reason, nothing of it is left, it did not run again', async () => {
  await using stage = await openRunning();
  const job = count(stage, 'setsid sleep 301 & echo $!; sleep 301');
  const { id } = await stage.dispatch(job.command);
  const follower = stage.startWally(['logs', id, '-f']);
  await follower.until(/\d+\n/);
  const escaped = Number(follower.stdout);
  await killAgent(stage);
  expect(isRunning(escaped)).toBe(true);
  expect(await stage.odally('local', ['run', '--background'])).toMatchObject({ status: 0 });
  const lost = await stage.ended(id);
  expect(lost).toMatchObject({ outcome: 'lost', attemptCount: 1, exitCode: null });
  expect(lost.reason).toMatch(/\w+ \w+/);
  await untilGone(escaped);
  await vi.waitUntil(() => findProcesses(`TMPDIR=${stage.localHome}`).length === 0);
  expect(job.runs()).toBe(1);
  expect(await follower.result).toMatchObject({ status: 0 });
  const next = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'true');
  expect(next.outcome).toBe('succeeded');
});

test.concurrent('agent killed and its store lost: the job is lost, and what ran of it is ended', async () => {
  await using stage = await openRunning();
  const { id } = await stage.dispatch('echo $$; sleep 302');
  const follower = stage.startWally(['logs', id, '-f']);
  await follower.until(/\d+\n/);
  await killAgent(stage);
  rmSync(join(stage.localHome, 'store'), { recursive: true });
  expect(await stage.odally('local', ['run', '--background'])).toMatchObject({ status: 0 });
  expect(await stage.ended(id)).toMatchObject({ outcome: 'lost', attemptCount: 1 });
  await untilGone(Number(follower.stdout));
  // What runs under the new store is not of the old one, also at the next start.
  const next = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'true');
  expect(next.outcome).toBe('succeeded');
});

test.concurrent('worker away: a job waits for it and runs when it is back; a cancelled one ends at once', async () => {
  await using stage = await openRunning();
  await stopAgent(stage);
  const waiting = count(stage, 'echo ran');
  const { id } = await stage.dispatch(waiting.command);
  const unwanted = await stage.dispatch(`touch ${stage.path('unwanted')}`);
  const cancelled = await stage.ask<JobDetail>('cancel', unwanted.id);
  expect(cancelled).toMatchObject({ outcome: 'cancelled', receipts: { sentAt: null } });
  expect(await stage.ask<JobDetail>('job', id)).toMatchObject({ outcome: null });
  await stage.odally('local', ['run', '--background']);
  expect(await stage.ended(id)).toMatchObject({ outcome: 'succeeded', attemptCount: 1 });
  expect(waiting.runs()).toBe(1);
  expect((await stage.ask<JobDetail>('job', unwanted.id)).attempts).toHaveLength(1);
  expect(existsSync(stage.path('unwanted'))).toBe(false);
});

test.concurrent('worker away: a job whose deadline passes meanwhile is expired and never run', async () => {
  await using stage = await openRunning();
  const late = count(stage, 'true');
  await killAgent(stage);
  // The hub has not noticed: this one may have arrived, so that only the worker can say.
  const unsure = await stage.dispatch(late.command, '--deadline', '500ms');
  await stage.untilWorker('alice', ({ link }) => link === 'none');
  const { id } = await stage.dispatch(late.command, '--deadline', '500ms');
  const expired = await stage.ended(id);
  expect(expired).toMatchObject({ outcome: 'expired', receipts: { sentAt: null } });
  expect(await stage.ask<JobDetail>('job', unsure.id)).toMatchObject({ outcome: null });
  await stage.odally('local', ['run', '--background']);
  expect(await stage.ended(unsure.id)).toMatchObject({
    outcome: 'expired',
    receipts: { startedAt: null },
  });
  const next = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'true');
  expect(next.outcome).toBe('succeeded');
  expect(late.runs()).toBe(0);
});

test.concurrent('both killed: every accepted job ends in one outcome, and new work runs', async () => {
  await using stage = await openRunning();
  const gate = await stage.gate('both');
  const first = count(stage, gate.wait);
  const running = await stage.dispatch(first.command);
  await stage.untilStarted(running.id);
  const quick = await stage.ended((await stage.dispatch('echo kept; exit 5')).id);
  await killAgent(stage);
  await killHub(stage);
  expect(await stage.up()).toMatchObject({ isNew: true, local: 'alice' });
  expect(await stage.ended(running.id)).toMatchObject({ outcome: 'lost', attemptCount: 1 });
  expect(await stage.ask<JobDetail>('job', quick.id)).toEqual(quick);
  expect((await stage.wally(['logs', quick.id])).stdout).toBe('kept\n');
  expect(first.runs()).toBe(1);
  const next = await stage.dispatch('true');
  expect(next.id).toBe('J3');
  expect((await stage.ended(next.id)).outcome).toBe('succeeded');
  expect(await stage.ask<readonly JobRow[]>('jobs')).toHaveLength(3);
});

test.concurrent('hub killed: one that comes back on another port is found through its rendezvous', async () => {
  await using stage = await openRunning();
  const { hub } = await stage.ask<StatusShape>('status');
  await killHub(stage);
  await using taken = await takePort(Number(hub.address.split(':')[1]));
  await stage.up();
  const moved = (await stage.ask<StatusShape>('status')).hub;
  expect(moved.address).not.toBe(`127.0.0.1:${taken.port}`);
  expect(moved).toMatchObject({ key: hub.key, rendezvous: hub.rendezvous });
  const job = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'true');
  expect(job.outcome).toBe('succeeded');
});
