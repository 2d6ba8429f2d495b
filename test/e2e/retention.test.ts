/*
 * Retention and export of the real hub: what it forgets is in its archive, what it holds can be taken out.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import type { JobRow, StatusShape } from '../../cockpit/verbs/shapes.ts';
import type { DoctorReport } from '../../protocol/doctor.ts';
import { expectJson } from './complaint.ts';
import { untilGone } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';

interface Line {
  readonly type: string;
  readonly id?: string;
  readonly kind?: string;
  readonly outcome?: string;
  readonly attempts?: readonly unknown[];
}

function parse(text: string): readonly Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function readArchive(stage: Stage): readonly Line[] {
  const files = globSync('*.jsonl.gz', { cwd: join(stage.home, 'archive') });
  return files.flatMap((file) =>
    parse(gunzipSync(readFileSync(join(stage.home, 'archive', file))).toString()),
  );
}

async function restart(stage: Stage): Promise<void> {
  const { hub } = await stage.ask<StatusShape>('status');
  await stage.ask('stop');
  await untilGone(hub.pid);
  await stage.ask('up');
}

test.concurrent('retention: jobs over the count go into the archive, with their logs removed', async () => {
  await using stage = openStage();
  writeFileSync(join(stage.home, 'config.toml'), '[keep]\njobs_max = 1\n');
  await stage.up();
  for (const word of ['one', 'two', 'three'])
    await stage.ended((await stage.dispatch(`echo ${word}`)).id);
  await restart(stage);
  await vi.waitUntil(async () => (await stage.ask<readonly JobRow[]>('jobs')).length === 1, {
    timeout: 20_000,
    interval: 100,
  });
  const lines = readArchive(stage);
  expect(lines.filter(({ type }) => type === 'job')).toMatchObject([
    { id: 'J1', outcome: 'succeeded', attempts: [{ id: 'J1.1' }] },
    { id: 'J2', outcome: 'succeeded' },
  ]);
  expectJson(await stage.wally(['job', 'J1', '--json']), { code: 'JOB_UNKNOWN', status: 2 });
  expect(globSync('J*', { cwd: join(stage.home, 'logs') })).toEqual(['J3.1']);
  expect((await stage.dispatch('true')).id).toBe('J4');
  await stage.ended('J4');
  expect(await stage.ask<DoctorReport>('doctor', '--all')).toEqual({ findings: [], fixed: [] });
});

test.concurrent('retention: a log and an artifact that were removed are said to be, and not missed', async () => {
  await using stage = openStage();
  writeFileSync(join(stage.home, 'config.toml'), '[keep]\nlogs_bytes_max = 1\n');
  await stage.up();
  const job = await stage.dispatch('echo output; echo kept > file.txt', '--artifact', 'file.txt');
  expect((await stage.ended(job.id)).outcome).toBe('succeeded');
  await restart(stage);
  const asked = { timeout: 20_000, interval: 100 };
  const logs = () => stage.wally(['logs', job.id]);
  await vi.waitUntil(async () => (await logs()).stderr.includes('removed'), asked);
  expect(await logs()).toMatchObject({ status: 0, stdout: '' });
  expect((await stage.wally(['logs', job.id, '-f'])).stderr).toContain('removed');
  expectJson(await stage.wally(['get', job.id, 'file.txt', '--json']), {
    code: 'ARTIFACT_AGED',
    status: 1,
  });
  expect(await stage.ask<DoctorReport>('doctor')).toEqual({ findings: [], fixed: [] });
});

test.concurrent('export: every job and event is a line, on stdout or in a file', async () => {
  await using stage = openStage();
  await stage.up();
  await stage.ended((await stage.dispatch('true')).id);
  await stage.ended((await stage.dispatch('false')).id);
  const lines = parse((await stage.wally(['export'])).stdout);
  expect(lines.filter(({ type }) => type === 'job')).toMatchObject([
    { id: 'J1', outcome: 'succeeded' },
    { id: 'J2', outcome: 'failed' },
  ]);
  const kinds = lines.filter(({ type }) => type === 'event').map(({ kind }) => kind);
  expect(kinds).toContain('attempt-finished');
  expect(parse((await stage.wally(['export', '--json'])).stdout)).toHaveLength(lines.length);
  const file = stage.path('all.jsonl');
  expect(await stage.wally(['export', '--out', file])).toMatchObject({ status: 0, stdout: '' });
  expect(parse(readFileSync(file, 'utf8'))).toHaveLength(lines.length);
  expect(parse((await stage.wally(['export', '--out', '-'])).stdout)).toHaveLength(lines.length);
  const none = await stage.wally(['export', '--since', '2100-01-01']);
  expect(none).toMatchObject({ status: 0, stdout: '' });
});

test.concurrent('export: what cannot be asked for, or written, is said and leaves no file', async () => {
  await using stage = openStage();
  await stage.ask('up');
  expectJson(await stage.wally(['export', '--since', 'monday', '--json']), {
    code: 'USAGE_ARGUMENT',
    status: 2,
  });
  const file = stage.path('none/all.jsonl');
  expectJson(await stage.wally(['export', '--out', file, '--json']), {
    code: 'USAGE_ARGUMENT',
    status: 2,
  });
  expect(existsSync(file)).toBe(false);
});

test.concurrent('retention: a policy that means nothing is refused, naming the field', async () => {
  await using stage = openStage();
  writeFileSync(join(stage.home, 'config.toml'), '[keep]\njobs_max = 0\n');
  const result = await stage.wally(['up', '--json']);
  expectJson(result, { code: 'CONFIG_INVALID', status: 2 });
  expect(result.stdout).toContain('keep.jobs_max');
});
