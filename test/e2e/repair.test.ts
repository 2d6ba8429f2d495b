/*
 * Damaged stores of real programs: refused rather than used, mended, and what workers see of it.
 */
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { JobDetail, JobRow, StatusShape } from '../../cockpit/verbs/shapes.ts';
import type { AuditProof } from '../../store/audit-read.ts';
import { heldKey, jobKey } from '../../store/keys.ts';
import { openLevelKv } from '../../store/open.ts';
import { planRow } from '../../store/row-codec.ts';
import { expectJson } from './complaint.ts';
import { openStage, type Stage } from './stage.ts';

async function stopHub(stage: Stage): Promise<void> {
  const { hub } = await stage.ask<StatusShape>('status');
  await stage.ask('stop');
  await vi.waitUntil(() => !existsSync(`/proc/${hub.pid}`), { timeout: 20_000, interval: 50 });
}

function findLog(store: string): string {
  const logs = readdirSync(store).filter((name) => /^\d+\.log$/.test(name));
  const sizes = logs.map((name) => ({
    path: join(store, name),
    size: statSync(join(store, name)).size,
  }));
  return sizes.toSorted((a, b) => b.size - a.size)[0]?.path ?? '';
}

test.concurrent('repair: a hub whose CURRENT and MANIFEST are gone is mended whole, and its worker notices nothing', async () => {
  await using stage = openStage();
  await stage.up();
  const job = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo one');
  expectJson(await stage.wally(['repair', '--json']), { code: 'REPAIR_BUSY', status: 4 });
  await stopHub(stage);
  const store = join(stage.home, 'store');
  for (const name of readdirSync(store))
    if (/^(CURRENT|MANIFEST)/.test(name)) rmSync(join(store, name));
  expectJson(await stage.wally(['up', '--json']), { code: 'STORE_DAMAGED', status: 1 });
  const planned = await stage.wally(['repair', '--dry-run']);
  expect(planned).toMatchObject({ status: 0 });
  expect(planned.stdout).toContain('Would be mended');
  const mended = await stage.wally(['repair']);
  expect(mended).toMatchObject({ status: 0 });
  expect(mended.stdout).toContain('Nothing is missing.');
  await stage.ask('up');
  await stage.untilWorker('alice', ({ link }) => link === 'direct');
  const rows = await stage.ask<readonly JobRow[]>('jobs');
  expect(rows).toMatchObject([{ id: job.id, outcome: 'succeeded' }]);
  const next = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo two');
  expect(next.outcome).toBe('succeeded');
  expect(await stage.ask<AuditProof>('audit', '--verify')).toMatchObject({ isWhole: true });
});

test.concurrent('repair: a hub whose log was cut says so, begins a new life, and nothing runs twice', async () => {
  await using stage = openStage();
  await stage.up();
  await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo one');
  const done = stage.path('done');
  const job = await stage.dispatch(`echo once >> ${done}; sleep 1000`);
  await stage.untilStarted(job.id);
  await stopHub(stage);
  const log = findLog(join(stage.home, 'store'));
  const bytes = readFileSync(log);
  writeFileSync(log, bytes.subarray(0, Math.floor(bytes.length * 0.8)));
  expectJson(await stage.wally(['up', '--json']), { code: 'STORE_DAMAGED', status: 1 });
  const mended = await stage.wally(['repair']);
  expect(mended.status).toBe(1);
  expect(mended.stdout).toMatch(/missing: the newest \d+ batches/);
  const proof = await stage.wally(['audit', '--verify']);
  expect(proof.status).toBe(1);
  expect(proof.stdout).toMatch(/lost of it what may have followed on entry \d+, nobody knows/);
  await stage.ask('up');
  await stage.untilWorker('alice', ({ link }) => link === 'direct');
  const next = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo two');
  expect(next.outcome).toBe('succeeded');
  const rows = await stage.ask<readonly JobRow[]>('jobs');
  expect(rows.filter(({ outcome }) => outcome === null)).toEqual([]);
  expect(readFileSync(done, 'utf8')).toBe('once\n');
});

test.concurrent('repair: a hub whose store was removed is not begun anew without a word, and what was printed is put aside', async () => {
  await using stage = openStage();
  await stage.up();
  const job = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo one');
  await stopHub(stage);
  const store = join(stage.home, 'store');
  const kept = join(stage.home, 'kept');
  renameSync(store, kept);
  expectJson(await stage.wally(['up', '--json']), { code: 'STORE_MISSING', status: 1 });
  expect((await stage.wally(['doctor'])).stdout).toContain('STORE_MISSING');
  renameSync(kept, store);
  await stage.ask('up');
  expect(await stage.ask<readonly JobRow[]>('jobs')).toMatchObject([{ id: job.id }]);
  await stopHub(stage);
  rmSync(store, { recursive: true });
  const planned = await stage.wally(['repair', '--dry-run']);
  expect(planned).toMatchObject({ status: 1 });
  expect(planned.stdout).toContain('would be put aside');
  expectJson(await stage.wally(['up', '--json']), { code: 'STORE_MISSING', status: 1 });
  const mended = await stage.wally(['repair']);
  expect(mended).toMatchObject({ status: 1 });
  expect(mended.stdout).toContain('begins empty');
  const asides = readdirSync(join(stage.home, 'set-aside'));
  const [aside = ''] = asides;
  expect(asides).toHaveLength(1);
  expect(readdirSync(join(stage.home, 'set-aside', aside))).toEqual(
    expect.arrayContaining(['logs', 'store.made']),
  );
  await stage.ask('up');
  expect(await stage.ask<readonly JobRow[]>('jobs')).toEqual([]);
  expect(readdirSync(join(stage.home, 'logs'))).toEqual([]);
});

test.concurrent('repair: an agent whose log is damaged in its middle is not started on it, and begins anew', async () => {
  await using stage = openStage();
  await stage.up();
  await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo one');
  await stage.odally('local', ['stop']);
  const store = join(stage.localHome, 'store');
  const log = findLog(store);
  const bytes = readFileSync(log);
  const third = Math.floor(bytes.length / 3);
  writeFileSync(log, bytes.fill(0xa5, third, third + 20));
  const refused = await stage.odally('local', ['run', '--background', '--json']);
  expectJson(refused, { code: 'STORE_DAMAGED', status: 1 });
  const mended = await stage.odally('local', ['repair']);
  expect(mended.status).toBe(1);
  expect(mended.stdout).toMatch(/missing: \d+ changes/);
  await stage.odally('local', ['run', '--background']);
  await stage.untilWorker('alice', ({ link }) => link === 'direct');
  const next = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo two');
  expect(next.outcome).toBe('succeeded');
});

/** A row gets a value that makes no sense, as a program with a fault might write it. */
async function spoilRow(store: string, key: string): Promise<void> {
  const patience = { timeout: 20_000, interval: 50 };
  const kv = await vi.waitFor(() => openLevelKv(store), patience);
  await kv.batch([planRow(key, 'rubbish')], 'synced');
  await kv.close();
}

test.concurrent('repair: a row of a hub that makes no sense is left out, and what runs is not given up', async () => {
  await using stage = openStage();
  await stage.up();
  const old = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo one');
  const running = await stage.dispatch('sleep 1000');
  await stage.untilStarted(running.id);
  await stopHub(stage);
  await spoilRow(join(stage.home, 'store'), jobKey('J1'));
  const mended = await stage.wally(['repair']);
  expect(mended.stdout).toContain('left out: the row j/000000000001');
  expect(mended).toMatchObject({ status: 1 });
  await stage.ask('up');
  await stage.untilWorker('alice', ({ link }) => link === 'direct');
  const rows = await stage.ask<readonly JobRow[]>('jobs');
  expect(rows).toMatchObject([{ id: running.id, outcome: null }]);
  expectJson(await stage.wally(['job', old.id, '--json']), { code: 'JOB_UNKNOWN', status: 2 });
});

test.concurrent('repair: an agent with a row that makes no sense begins anew', async () => {
  await using stage = openStage();
  await stage.up();
  await stage.odally('local', ['stop']);
  await spoilRow(join(stage.localHome, 'store'), heldKey(1));
  const refused = await stage.odally('local', ['run', '--background', '--json']);
  expectJson(refused, { code: 'STORE_DAMAGED', status: 1 });
  const mended = await stage.odally('local', ['repair']);
  expect(mended.stdout).toMatch(/missing: the row ah\/\S+: what it says makes no sense/);
  expect(mended.status).toBe(1);
  await stage.odally('local', ['run', '--background']);
  await stage.untilWorker('alice', ({ link }) => link === 'direct');
  const next = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo two');
  expect(next.outcome).toBe('succeeded');
});
