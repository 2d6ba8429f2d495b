/*
 * The daily loop by verbs: a hub with two workers on this box, jobs given, watched, ended, tried
 * again.
 *
 * One hub for the whole file, as a day has; every test dispatches its own jobs.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobDetail, JobRow, StatusShape, TeamRow } from '../../cockpit/verbs/shapes.ts';
import { locateProgram } from '../kit/processes.ts';
import { isRunning } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let up: Awaited<ReturnType<Stage['up']>>;

beforeAll(async () => {
  stage = openStage();
  stage.configure(stage.localHome, 'has = ["gpu"]\n');
  up = await stage.up();
  await stage.join('second');
});

afterAll(() => stage.close());

const run = (command: string, ...flags: readonly string[]) =>
  stage.wally(['dispatch', '--wait', '--json', ...flags, '--', command]);

const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe('team', () => {
  test('up --local: alice is paired, linked and idle', async () => {
    expect(up).toMatchObject({ isNew: true, local: 'alice', hub: { home: stage.home } });
    const team = await stage.ask<readonly TeamRow[]>('team');
    expect(team.map(({ name }) => name)).toEqual(['alice', 'bob']);
    // What the contract names; the box's load and versions come beside it.
    expect(team[0]).toMatchObject({
      name: 'alice',
      kind: 'odally',
      host: expect.any(String),
      state: 'idle',
      link: 'direct',
      lastSeenMs: expect.any(Number),
      jobs: [],
      capabilities: {
        os: 'linux',
        arch: process.arch,
        cpus: expect.any(Number),
        memoryBytes: expect.any(Number),
        has: expect.arrayContaining(['gpu', 'node']),
      },
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(team[0]?.lastSeenMs).toBeLessThan(10_000);
  });

  test('team: without --json there is a table for people and no colour', async () => {
    const { status, stdout, stderr } = await stage.wally(['team']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^NAME .*\nalice .*idle +direct/);
    expect(stdout).not.toContain('\u001b');
  });

  test('up: a hub that runs is joined, with its workers', async () => {
    const again = await stage.up();
    expect(again).toMatchObject({ isNew: false, local: 'alice', hub: { pid: up.hub.pid } });
    expect(await stage.ask<readonly TeamRow[]>('team')).toHaveLength(2);
  });
});

describe('dispatch', () => {
  test('dispatch --wait: the status is 0 for a good outcome and 1 for a bad one', async () => {
    const good = await run('true', '--on', 'alice');
    expect(good.status).toBe(0);
    expect(good.json()).toMatchObject({ state: 'finished', outcome: 'succeeded', exitCode: 0 });
    const bad = await run('exit 7', '--on', 'alice');
    expect(bad.status).toBe(1);
    expect(bad.json()).toMatchObject({ outcome: 'failed', exitCode: 7, reason: null });
    const killed = await run('kill -KILL $$', '--on', 'alice');
    expect(killed.status).toBe(1);
    const { attempts } = killed.json<JobDetail>();
    expect(attempts[0]).toMatchObject({ outcome: 'failed', exitCode: null, signal: 'SIGKILL' });
  });

  test('dispatch: without --wait it answers at once, with the id', async () => {
    const gate = await stage.gate('at-once');
    const job = await stage.dispatch(gate.wait);
    expect(job).toMatchObject({ id: expect.stringMatching(/^J\d+$/), outcome: null });
    await gate.open();
    expect((await stage.ended(job.id)).outcome).toBe('succeeded');
  });

  test('job: it shows each receipt, one after the other, and how the attempt ended', async () => {
    const { id } = (await run('echo to be counted', '--on', 'bob')).json<JobDetail>();
    const job = await stage.ask<JobDetail>('job', id);
    expect(job).toMatchObject({ id, kind: 'command', title: 'echo to be counted', worker: 'bob' });
    const { queuedAt, sentAt, acceptedAt, startedAt, finishedAt } = job.receipts;
    const order = [queuedAt, sentAt, acceptedAt, startedAt, finishedAt];
    expect(order).toEqual(order.map(() => instant));
    expect(order.toSorted()).toEqual(order);
    expect(job.attempts).toHaveLength(1);
    expect(job.attempts[0]).toMatchObject({
      id: `${id}.1`,
      n: 1,
      worker: 'bob',
      state: 'finished',
      outcome: 'succeeded',
      exitCode: 0,
      receipts: job.receipts,
      logBytes: 'to be counted\n'.length,
    });
    expect(job.durationMs).toBe(Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? ''));
    const rows = await stage.ask<readonly JobRow[]>('jobs');
    expect(rows[0]).toMatchObject({ id, outcome: 'succeeded' });
    expect(rows[0]).not.toHaveProperty('attempts');
  });

  test('dispatch --env: the command sees it, and nothing of the environment of the hub', async () => {
    const { id } = await stage.dispatch('env', '--env', 'A=1 2', '--env', 'B=x=y', '--on', 'alice');
    await stage.ended(id);
    const { stdout } = await stage.wally(['logs', id]);
    expect(stdout).toMatch(/^A=1 2$/m);
    expect(stdout).toMatch(/^B=x=y$/m);
    expect(stdout).toMatch(new RegExp(`^WALLY_JOB=${id}$`, 'm'));
    expect(stdout).not.toMatch(/_HOME=/);
  });

  test('dispatch --need: only a worker that has it, and a refusal where none has', async () => {
    const gates = [await stage.gate('need-1'), await stage.gate('need-2')];
    // Two of them, so that load alone would give one to bob.
    const jobs = await Promise.all(gates.map((gate) => stage.dispatch(gate.wait, '--need', 'gpu')));
    expect(jobs.map(({ worker }) => worker)).toEqual(['alice', 'alice']);
    await Promise.all(gates.map((gate) => gate.open()));
    await stage.ended(jobs[1]?.id ?? '');
    const refused = await run('true', '--need', 'gpu', '--need', 'quantum');
    expect(refused.status).toBe(4);
    expect(refused.json()).toMatchObject({ error: { code: 'WORKER_NO_MATCH' } });
  });

  test('dispatch --all: one parent with one part for each worker', async () => {
    const ended = await run('echo "$WALLY_JOB"', '--all');
    expect(ended.status).toBe(0);
    const group = ended.json<JobDetail>();
    expect(group).toMatchObject({ kind: 'group', outcome: 'succeeded', attempts: [] });
    const parts = group.children;
    expect(parts.map(({ worker }) => worker).toSorted()).toEqual(['alice', 'bob']);
    for (const { id, parent, outcome } of parts) {
      expect({ parent, outcome }).toEqual({ parent: group.id, outcome: 'succeeded' });
      expect((await stage.wally(['logs', id])).stdout).toBe(`${id}\n`);
    }
  });

  test('dispatch --all: one bad part makes the whole bad', async () => {
    // The home of the local odally is beside the hub, which is how the two tell themselves apart.
    const ended = await run(`case "$TMPDIR" in ${stage.localHome}/*) exit 3;; esac`, '--all');
    expect(ended.status).toBe(1);
    const { outcome, children } = ended.json<JobDetail>();
    expect(outcome).toBe('failed');
    const byWorker = children.map((part) => [part.worker, part.outcome, part.exitCode]).toSorted();
    expect(byWorker).toEqual([
      ['alice', 'failed', 3],
      ['bob', 'succeeded', 0],
    ]);
  });

  test('dispatch --cwd: the command runs there, and a missing directory is refused', async () => {
    const folder = stage.homes.folder('place with space');
    const { id, outcome } = (await run('pwd; touch was-here', '--cwd', folder)).json<JobDetail>();
    expect(outcome).toBe('succeeded');
    expect((await stage.wally(['logs', id])).stdout).toBe(`${folder}\n`);
    expect(existsSync(join(folder, 'was-here'))).toBe(true);
    const missing = await run('true', '--cwd', stage.path('nowhere'));
    expect(missing.status).toBe(1);
    const job = missing.json<JobDetail>();
    expect(job).toMatchObject({ outcome: 'refused', receipts: { startedAt: null } });
    expect(job.reason).toContain('nowhere');
  });

  test('dispatch --repo: a git work tree is fine, anything else is refused', async () => {
    const repo = stage.homes.folder('repo');
    const git = (...words: readonly string[]) =>
      execFileSync('git', ['-C', repo, '-c', 'user.name=t', '-c', 'user.email=t@t', ...words]);
    git('init', '-q');
    writeFileSync(join(repo, 'a.txt'), 'a\n');
    git('add', '.');
    git('commit', '-q', '-m', 'first');
    const job = (await run('git rev-parse HEAD', '--repo', repo)).json<JobDetail>();
    expect(job).toMatchObject({ outcome: 'succeeded', repo });
    expect((await stage.wally(['logs', job.id])).stdout).toBe(git('rev-parse', 'HEAD').toString());
    const plain = (await run('true', '--repo', stage.homes.folder('plain'))).json<JobDetail>();
    expect(plain.outcome).toBe('refused');
    expect(plain.reason).toMatch(/git/);
  });
});

describe('following', () => {
  test('logs: what a command wrote comes in its order, with its stream', async () => {
    const steps = ['echo one', 'echo two >&2', 'echo three', 'printf "four ✓"'];
    const { id } = await stage.dispatch(steps.join('; sleep 0.1; '));
    const followed = await stage.wally(['logs', id, '-f', '--json']);
    expect(followed.status).toBe(0);
    const items = followed.jsonLines<{ offset: number; stream: string; text: string }>();
    expect(items.map(({ stream, text }) => [stream, text])).toEqual([
      ['stdout', 'one\n'],
      ['stderr', 'two\n'],
      ['stdout', 'three\n'],
      ['stdout', 'four ✓'],
    ]);
    expect(items.map(({ offset }) => offset)).toEqual([0, 4, 8, 14]);
    expect(items[0]).toMatchObject({ attempt: `${id}.1`, at: instant });
    const since = await stage.wally(['logs', id, '--since', '8']);
    expect(since.stdout).toBe('three\nfour ✓');
    expect((await stage.wally(['logs', id, '--since', '4000'])).stdout).toBe('');
  });

  test('logs: what is no text comes out as it went in, byte for byte', async () => {
    const { id } = await stage.dispatch("printf '\\357\\273\\277a\\377\\000b\\342\\202'");
    await stage.ended(id);
    const bytes = [0xef, 0xbb, 0xbf, 0x61, 0xff, 0x00, 0x62, 0xe2, 0x82];
    const env = { ...process.env, WALLY_HOME: stage.home };
    const out = execFileSync(process.execPath, [locateProgram('wally'), 'logs', id], { env });
    expect([...out]).toEqual(bytes);
  });

  test('logs -f: it begins with what is there and ends by itself with the job', async () => {
    const gate = await stage.gate('follow');
    const { id } = await stage.dispatch(`echo before; ${gate.wait}; echo after`);
    const follower = stage.startWally(['logs', id, '-f']);
    await follower.until(/before/);
    const glance = await stage.wally(['logs', id]);
    expect(glance.stdout).toBe('before\n');
    await gate.open();
    expect(await follower.result).toMatchObject({ status: 0, stdout: 'before\nafter\n' });
  });

  test('dispatch -f: the output comes as it is, and the status says the outcome', async () => {
    const { status, stdout, stderr } = await stage.wally([
      'dispatch',
      '-f',
      '--',
      'echo x; exit 2',
    ]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: 'x\n' });
    expect(stderr).toMatch(/^J\d+ echo x; exit 2\n.*failed, exit 2/);
  });

  test('dispatch -f: ctrl-c leaves at once with status 5, and the job goes on', async () => {
    const gate = await stage.gate('leave');
    const follower = stage.startWally(['dispatch', '-f', '--', `echo here; ${gate.wait}`]);
    await follower.until(/^here$/m);
    follower.signal('SIGINT');
    const { status, stderr } = await follower.result;
    expect(status).toBe(5);
    const id = /(J\d+) was left .* \[WAIT_TIMEOUT\]/.exec(stderr)?.[1] ?? '';
    expect(await stage.ask<JobDetail>('job', id)).toMatchObject({ outcome: null });
    await gate.open();
    expect(await stage.ended(id)).toMatchObject({ outcome: 'succeeded' });
  });

  test('wait --timeout: status 5 while the job goes on, then its outcome', async () => {
    const gate = await stage.gate('wait');
    const { id } = await stage.dispatch(gate.wait);
    const late = await stage.wally(['wait', id, '--timeout', '200ms', '--json']);
    expect(late.status).toBe(5);
    expect(late.json()).toMatchObject({ error: { code: 'WAIT_TIMEOUT' } });
    expect((await stage.ask<JobDetail>('job', id)).outcome).toBeNull();
    await gate.open();
    expect(await stage.ask('wait', id)).toMatchObject({ id, outcome: 'succeeded' });
  });

  test('dispatch --deadline: a command that is not done by then is expired, not failed', async () => {
    const ended = await run('sleep 60', '--deadline', '700ms');
    expect(ended.status).toBe(1);
    expect(ended.json()).toMatchObject({ outcome: 'expired', deadlineMs: 700 });
  });

  test('status: it counts what runs and what ended', async () => {
    const gate = await stage.gate('status');
    const { id } = await stage.dispatch(gate.wait);
    await stage.untilStarted(id);
    const status = await stage.ask<StatusShape>('status');
    expect(status.jobs.map((job) => job.id)).toEqual([id]);
    expect(status.recent.every(({ outcome }) => outcome !== null)).toBe(true);
    await gate.open();
    await stage.ended(id);
  });
});

describe('steering', () => {
  test('cancel: the worker ends every process of the job, and says so', async () => {
    const { id } = await stage.dispatch('sleep 300 & echo $!; sleep 300');
    const follower = stage.startWally(['logs', id, '-f']);
    await follower.until(/\d+\n/);
    const child = Number(follower.stdout);
    expect(isRunning(child)).toBe(true);
    const asked = await stage.wally(['cancel', id, '--json']);
    expect(asked).toMatchObject({ status: 0 });
    const job = await stage.ended(id);
    expect(job).toMatchObject({ outcome: 'cancelled', attemptCount: 1 });
    expect(isRunning(child)).toBe(false);
    expect(await follower.result).toMatchObject({ status: 0 });
    const again = await stage.wally(['cancel', id, '--json']);
    expect(again.status).toBe(4);
    expect(again.json()).toMatchObject({ error: { code: 'JOB_FINISHED' } });
  });

  test('retry: a second attempt with its own log; the first stays as it was', async () => {
    const flag = stage.path('retry-flag');
    const command = `test -e ${flag} && echo good || { touch ${flag}; echo bad; exit 1; }`;
    const first = (await run(command)).json<JobDetail>();
    expect(first).toMatchObject({ outcome: 'failed', attemptCount: 1 });
    const retried = await stage.ask<JobDetail>('retry', first.id);
    expect(retried).toMatchObject({ id: first.id, attemptCount: 2 });
    const second = await stage.ended(first.id);
    expect(second).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
    expect(second.attempts.map(({ id, outcome }) => [id, outcome])).toEqual([
      [`${first.id}.1`, 'failed'],
      [`${first.id}.2`, 'succeeded'],
    ]);
    expect((await stage.wally(['logs', first.id])).stdout).toBe('good\n');
    expect((await stage.wally(['logs', first.id, '--attempt', '1'])).stdout).toBe('bad\n');
  });
});

test('down: hub and local odally are gone, with their sockets; jobs are kept for the next up', async () => {
  const { hub } = await stage.ask<StatusShape>('status');
  const known = await stage.ask<readonly JobRow[]>('jobs');
  expect(await stage.ask('down')).toEqual({ hub: 'stopped', local: 'stopped' });
  expect(isRunning(hub.pid)).toBe(false);
  expect(existsSync(join(stage.home, 'hub.sock'))).toBe(false);
  expect(existsSync(join(stage.localHome, 'odally.sock'))).toBe(false);
  expect(await stage.ask('down')).toEqual({ hub: 'not running', local: 'not running' });
  expect((await stage.odally('second', ['stop'])).status).toBe(0);
  await stage.untilRunning(0);
  const again = await stage.up();
  expect(again).toMatchObject({ isNew: true, local: 'alice' });
  expect(again.hub.key).toBe(hub.key);
  expect(await stage.ask('jobs')).toEqual(known);
});
