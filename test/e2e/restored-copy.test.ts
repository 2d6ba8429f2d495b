/*
 * A store that was restored from a copy is not believed, and pairing again really mends it.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { InviteShape, JobDetail, StatusShape } from '../../cockpit/verbs/shapes.ts';
import type { DoctorReport } from '../../protocol/doctor.ts';
import { untilGone } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';

function copy(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
}

async function diagnose(stage: Stage): Promise<readonly string[]> {
  const result = await stage.wally(['doctor', '--json']);
  return result.json<DoctorReport>().findings.map(({ id }) => id);
}

async function killAgent(stage: Stage): Promise<void> {
  const status = await stage.odally('local', ['status', '--json']);
  const { pid } = status.json<{ pid: number }>();
  process.kill(pid, 'SIGKILL');
  await untilGone(pid);
}

async function stopHub(stage: Stage): Promise<void> {
  const { hub } = await stage.ask<StatusShape>('status');
  await stage.ask('stop');
  await untilGone(hub.pid);
}

async function pairAgain(stage: Stage): Promise<void> {
  const { code } = await stage.ask<InviteShape>('invite');
  const joined = await stage.odally('local', ['join', code, '--background', '--json']);
  expect(joined).toMatchObject({ status: 0 });
  await stage.untilWorker('alice', ({ link }) => link === 'direct');
}

/** Whoever sits at either end is told; the link opens for a moment again and again. */
async function untilRefused(stage: Stage): Promise<void> {
  const patience = { timeout: 20_000, interval: 200 };
  await vi.waitUntil(async () => (await diagnose(stage)).includes('worker-refused'), patience);
  await vi.waitUntil(async () => {
    const { stdout } = await stage.odally('local', ['doctor', '--json']);
    return stdout.includes('hub-refused');
  }, patience);
  await vi.waitUntil(async () => {
    const { stdout } = await stage.odally('local', ['status']);
    return /^hub .*PEER_REGRESSED/m.test(stdout);
  }, patience);
}

test.concurrent('copy: an agent’s restored store is refused until it is paired again, and nothing runs twice', async () => {
  await using stage = openStage();
  await stage.up();
  const store = join(stage.localHome, 'store');
  const done = stage.path('done');
  const job = await stage.dispatch(`echo once >> ${done}; sleep 1000`);
  await stage.untilStarted(job.id);
  await killAgent(stage);
  copy(store, stage.path('copy'));
  await stage.ask('up', '--local');
  expect((await stage.ended(job.id)).outcome).toBe('lost');
  for (const word of ['two', 'three']) await stage.ended((await stage.dispatch(`echo ${word}`)).id);
  await killAgent(stage);
  copy(stage.path('copy'), store);
  await stage.odally('local', ['run', '--background']);
  await untilRefused(stage);
  await stage.odally('local', ['stop']);
  await pairAgain(stage);
  const next = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo sound');
  expect(next.outcome).toBe('succeeded');
  expect(readFileSync(done, 'utf8')).toBe('once\n');
  expect(await diagnose(stage)).toEqual([]);
});

test.concurrent('copy: a hub’s restored store gives no number twice, and pairing again mends it', async () => {
  await using stage = openStage();
  await stage.up();
  const store = join(stage.home, 'store');
  await stage.ended((await stage.dispatch('echo one')).id);
  await stopHub(stage);
  copy(store, stage.path('copy'));
  await stage.ask('up');
  const done = stage.path('done');
  await stage.ended((await stage.dispatch('echo two')).id);
  const job = await stage.dispatch(`echo once >> ${done}; sleep 1000`);
  await stage.untilStarted(job.id);
  await stopHub(stage);
  copy(stage.path('copy'), store);
  await stage.ask('up');
  await untilRefused(stage);
  await stage.odally('local', ['stop']);
  await pairAgain(stage);
  const next = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo sound');
  expect(Number(next.id.slice(1))).toBeGreaterThan(Number(job.id.slice(1)));
  expect(next.outcome).toBe('succeeded');
  expect(readFileSync(done, 'utf8')).toBe('once\n');
  expect(await diagnose(stage)).toEqual([]);
});

test.concurrent('restore: a worker that went on is refused, however much was dispatched and how often the hub began before it came', async () => {
  await using stage = openStage();
  await stage.up();
  await stage.ended((await stage.dispatch('echo one')).id);
  const file = stage.path('hub.tar.gz');
  await stage.ask('backup', '--out', file);
  await stage.ended((await stage.dispatch('echo two')).id);
  const { pid } = (await stage.odally('local', ['status', '--json'])).json<{ pid: number }>();
  process.kill(pid, 'SIGSTOP');
  await stopHub(stage);
  // All of the hub's, and nothing of the box that lives in its home here.
  const gone = readdirSync(stage.home).filter((name) => name !== basename(stage.localHome));
  for (const name of gone) rmSync(join(stage.home, name), { recursive: true });
  expect(await stage.wally(['restore', file])).toMatchObject({ status: 0 });
  await stage.ask('up');
  const done = stage.path('done');
  const jobs = [];
  for (let n = 0; n < 4; n += 1) {
    jobs.push(await stage.dispatch(`echo ${n} >> ${done}`, '--on', 'alice'));
  }
  await stopHub(stage);
  await stage.ask('up');
  process.kill(pid, 'SIGCONT');
  await untilRefused(stage);
  for (const { id } of jobs)
    expect(await stage.ask<JobDetail>('job', id)).toMatchObject({ outcome: null });
  await stage.odally('local', ['stop']);
  await pairAgain(stage);
  // What its old store held nobody knows: lost, asked about, and never run unknowingly.
  for (const { id } of jobs) expect((await stage.ended(id)).outcome).toBe('lost');
  const next = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo sound');
  expect(next.outcome).toBe('succeeded');
  expect(existsSync(done)).toBe(false);
  expect(await diagnose(stage)).toEqual([]);
});
