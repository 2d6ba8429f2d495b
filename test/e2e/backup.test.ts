/*
 * Backups of real homes: made while jobs run, put back, with what workers see of it; and the trail of who asked.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { InviteShape, JobDetail, JobRow, StatusShape } from '../../cockpit/verbs/shapes.ts';
import type { DoctorReport } from '../../protocol/doctor.ts';
import type { AuditRow } from '../../store/audit-list.ts';
import type { AuditProof } from '../../store/audit-read.ts';
import type { BackupAnswer } from '../../store/backup-make.ts';
import { runVerb } from '../kit/processes.ts';
import { expectJson } from './complaint.ts';
import { openStage } from './stage.ts';

test.concurrent('backup: made under load, put back with what was there aside; a worker that went on is paired again', async () => {
  await using stage = openStage();
  await stage.up();
  const first = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo before');
  const load = Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      stage.ask<JobDetail>('dispatch', '--wait', '--', `echo ${n}`),
    ),
  );
  const file = stage.path('hub.tar.gz');
  const made = await stage.ask<BackupAnswer>('backup', '--out', file, '--logs');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(made.rows).toBeGreaterThan(5);
  await load;
  const later = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo after');
  expectJson(await stage.wally(['restore', file, '--json']), { code: 'HUB_RUNNING', status: 4 });
  const { hub } = await stage.ask<StatusShape>('status');
  await stage.ask('stop');
  await vi.waitUntil(() => !existsSync(`/proc/${hub.pid}`), { timeout: 20_000, interval: 50 });
  const planned = await stage.wally(['restore', file, '--dry-run']);
  expect(planned).toMatchObject({ status: 0 });
  expect(planned.stdout).toContain('Would restore');
  const restored = await stage.wally(['restore', file]);
  expect(restored).toMatchObject({ status: 0 });
  expect(restored.stdout).toMatch(/PEER_REGRESSED[\s\S]*Paired then: alice/);
  expect(readdirSync(join(stage.home, 'set-aside'))).toHaveLength(1);
  await stage.ask('up');
  const jobs = await stage.ask<readonly JobRow[]>('jobs');
  expect(jobs.map(({ id }) => id)).toContain(first.id);
  const refused = async () => {
    const report = (await stage.wally(['doctor', '--json'])).json<DoctorReport>();
    return report.findings.some(({ id }) => id === 'worker-refused');
  };
  await vi.waitUntil(refused, { timeout: 20_000, interval: 200 });
  await stage.odally('local', ['stop']);
  const { code } = await stage.ask<InviteShape>('invite');
  await stage.odally('local', ['join', code, '--background']);
  await stage.untilWorker('alice', ({ link }) => link === 'direct');
  const next = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo sound');
  expect(next.outcome).toBe('succeeded');
  expect(Number(next.id.slice(1))).toBeGreaterThan(Number(later.id.slice(1)));
  expect(await stage.ask<AuditProof>('audit', '--verify')).toMatchObject({ isWhole: true });
});

test.concurrent('restore: a number that only the store which is put aside bears is given to no other job', async () => {
  await using stage = openStage();
  await stage.up();
  const file = stage.path('hub.tar.gz');
  await stage.ask('backup', '--out', file);
  await stage.odally('local', ['stop']);
  const given = await stage.dispatch('true', '--on', 'alice');
  await stage.ask('cancel', given.id);
  const { hub } = await stage.ask<StatusShape>('status');
  await stage.ask('stop');
  await vi.waitUntil(() => !existsSync(`/proc/${hub.pid}`), { timeout: 20_000, interval: 50 });
  expect(await stage.wally(['restore', file])).toMatchObject({ status: 0 });
  await stage.ask('up');
  const next = await stage.dispatch('true', '--on', 'alice');
  expect(Number(next.id.slice(1))).toBeGreaterThan(Number(given.id.slice(1)));
});

test.concurrent('restore: a hub that is started while one is between its moves waits for nobody, and takes no part in them', async () => {
  await using stage = openStage();
  const fresh = join(stage.home, 'restore.new');
  mkdirSync(join(fresh, 'store'), { recursive: true });
  writeFileSync(join(fresh, 'config.toml'), '');
  const moves = { names: ['config.toml', 'store'], aside: 'set-aside/7' };
  writeFileSync(join(stage.home, 'restore.json'), JSON.stringify(moves));
  const lock = new URL('../../store/store-lock.ts', import.meta.url).href;
  const script = `
    const { holdStore } = await import(${JSON.stringify(lock)});
    await holdStore(${JSON.stringify(join(stage.home, 'store'))});
    console.log('held');
    setInterval(() => undefined, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script]);
  await once(holder.stdout, 'data');
  try {
    expectJson(await stage.wally(['up', '--json']), { code: 'HUB_RUNNING', status: 4 });
    expect(readdirSync(fresh).toSorted()).toEqual(['config.toml', 'store']);
  } finally {
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  }
  await stage.ask('up');
  expect(existsSync(fresh)).toBe(false);
  expect(existsSync(join(stage.home, 'config.toml'))).toBe(true);
});

test.concurrent('backup: an agent’s is made while it works, and a home that lost all is the same agent again', async () => {
  await using stage = openStage();
  await stage.up();
  await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo one');
  const file = stage.path('agent.tar.gz');
  const made = await stage.odally('local', ['backup', '--out', file, '--json']);
  expect(made).toMatchObject({ status: 0 });
  const busy = await stage.odally('local', ['restore', file, '--json']);
  expectJson(busy, { code: 'AGENT_RUNNING', status: 4 });
  const lost = { env: { ODALLY_HOME: stage.path('lost') } };
  expect(await stage.odally('local', ['restore', file, '--json'], lost)).toMatchObject({
    status: 0,
  });
  expect(readdirSync(stage.path('lost')).toSorted()).toEqual(
    expect.arrayContaining(['odally.key', 'pairing.json', 'store']),
  );
  const foreign = await stage.wally(['restore', file, '--json'], {
    env: { WALLY_HOME: stage.path('other') },
  });
  expectJson(foreign, { code: 'BACKUP_FOREIGN', status: 4 });
});

test.concurrent('audit: hub and box write down who asked, also where nobody runs any more', async () => {
  await using stage = openStage();
  await stage.up();
  await stage.ask<JobDetail>('dispatch', '--wait', '--env', 'TOKEN=hunter2', '--', 'echo one');
  const env = stage.homes.hub();
  await runVerb({ program: 'wally', args: ['--linear'], env, input: 'cancel J9\n' });
  const rows = await stage.ask<readonly AuditRow[]>('audit');
  const words = rows.map(({ surface, verb, result }) => `${surface} ${verb} ${result}`);
  expect(words).toEqual(expect.arrayContaining(['cli dispatch done', 'linear cancel JOB_UNKNOWN']));
  expect(JSON.stringify(rows)).not.toContain('hunter2');
  const box = await stage.odally('local', ['audit', '--verb', 'assign', '--json']);
  expect(box.json<readonly AuditRow[]>()).toMatchObject([{ about: 'J1.1', result: 'done' }]);
  const proof = await stage.ask<AuditProof>('audit', '--verify');
  await stage.ask('down');
  const noted = `${proof.tail?.n}:${proof.tail?.hash}`;
  const again = await stage.ask<AuditProof>('audit', '--verify', '--noted', noted);
  expect(again).toMatchObject({ isWhole: true });
  const forged = `${proof.tail?.n}:${'0'.repeat(64)}`;
  expect(await stage.wally(['audit', '--verify', '--noted', forged])).toMatchObject({ status: 1 });
});
