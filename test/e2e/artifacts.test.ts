/*
 * Files that jobs bring: from the job's directory to the asker's, whole and verified, whatever is killed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type {
  ArtifactList,
  ArtifactRow,
  JobDetail,
  StatusShape,
} from '../../cockpit/verbs/shapes.ts';
import { expectJson } from './complaint.ts';
import { untilGone } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let here: string;

beforeAll(async () => {
  stage = openStage();
  await stage.up();
  here = stage.homes.folder('here');
});

afterAll(() => stage.close());

function bring(command: string, ...patterns: readonly string[]): Promise<JobDetail> {
  const flags = patterns.flatMap((pattern) => ['--artifact', pattern]);
  return stage.ask<JobDetail>('dispatch', ...flags, '--', command);
}

async function list(id: string): Promise<readonly ArtifactRow[]> {
  return (await stage.ask<ArtifactList>('get', id)).artifacts;
}

/** The rows once nothing is on its way any more. */
function untilSettled(id: string): Promise<readonly ArtifactRow[]> {
  const look = async () => {
    const rows = await list(id);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ state }) => state === 'coming')).toEqual([]);
    return rows;
  };
  return vi.waitFor(look, { timeout: 50_000, interval: 100 });
}

/** Lets an agent run for moments, until a part of its file has come; it is stopped then. */
async function untilPart(id: string, pid: number): Promise<ArtifactRow> {
  for (let turn = 0; turn < 200; turn += 1) {
    process.kill(pid, 'SIGSTOP');
    const [row] = await list(id);
    if (row !== undefined && row.receivedBytes > 0) return row;
    process.kill(pid, 'SIGCONT');
    await sleep(20);
  }
  throw new Error('nothing has come');
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('artifacts: what the patterns match comes, links and what is not there are named', async () => {
  const files =
    'mkdir -p out/deep && printf one > out/1.txt && printf two > out/deep/2.txt && : > empty';
  const traps = 'ln -s /etc/passwd out/3.txt && ln -s / out/root && mkfifo out/4.txt';
  const { id } = await bring(
    `${files} && ${traps}`,
    'out/**/*.txt',
    'empty',
    'missing.txt',
    'out/root/etc/passwd',
  );
  expect(await stage.ended(id)).toMatchObject({ outcome: 'succeeded' });
  const rows = await untilSettled(id);
  const told = Object.fromEntries(rows.map(({ path, state, code }) => [path, code ?? state]));
  expect(told).toEqual({
    'out/1.txt': 'here',
    'out/deep/2.txt': 'here',
    empty: 'here',
    'out/3.txt': 'ARTIFACT_REFUSED',
    'out/4.txt': 'ARTIFACT_REFUSED',
    'out/root/etc/passwd': 'ARTIFACT_REFUSED',
    'missing.txt': 'ARTIFACT_UNKNOWN',
  });
  const people = await stage.wally(['job', id]);
  expect(people.stdout).toMatch(/missing\.txt\s+-\s+missed\s+ARTIFACT_UNKNOWN/);
  expect(readdirSync(join(stage.localHome, 'artifacts'))).toEqual([]);
});

test('artifacts: get writes one file by its own name, and never over another unless told to', async () => {
  const { id } = await bring('mkdir a && printf "the report" > a/report.txt', 'a/*');
  await stage.ended(id);
  await untilSettled(id);
  const get = (...more: readonly string[]) =>
    stage.wally(['get', id, 'a/report.txt', '--json', ...more], { cwd: here });
  const file = join(here, 'report.txt');
  expect((await get()).json()).toMatchObject({
    file,
    bytes: 10,
    sha256: hashOf(Buffer.from('the report')),
  });
  expect(readFileSync(file, 'utf8')).toBe('the report');
  writeFileSync(file, 'mine');
  const refused = await get();
  expect([refused.status, refused.json()]).toMatchObject([
    4,
    { error: { code: 'ARTIFACT_EXISTS' } },
  ]);
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect(await get('--force')).toMatchObject({ status: 0 });
  expect(readFileSync(file, 'utf8')).toBe('the report');
  const elsewhere = stage.homes.folder('elsewhere');
  expect((await get('--out', elsewhere)).json()).toMatchObject({
    file: join(elsewhere, 'report.txt'),
  });
  expect((await get('--out', 'named')).json()).toMatchObject({ file: join(here, 'named') });
  expect(readdirSync(here).toSorted()).toEqual(['named', 'report.txt']);
  const unknown = await stage.wally(['get', id, 'a/other.txt', '--json'], { cwd: here });
  expect([unknown.status, unknown.json()]).toMatchObject([
    2,
    { error: { code: 'ARTIFACT_UNKNOWN' } },
  ]);
  const upwards = await stage.wally(['dispatch', '--artifact', '../x', '--json', '--', 'true']);
  expect(upwards.status).toBe(2);
});

test('artifacts: get gives the bytes alone to stdout where a dash is named', async () => {
  const { id } = await bring('printf "the\\000report" > report.bin', '*.bin');
  await stage.ended(id);
  await untilSettled(id);
  const cwd = stage.homes.folder('dash');
  const get = (...more: readonly string[]) =>
    stage.wally(['get', id, 'report.bin', '--out', '-', ...more], { cwd });
  expect(await get()).toMatchObject({ status: 0, stdout: 'the\0report', stderr: '' });
  expectJson(await get('--json'), { code: 'USAGE_ARGUMENT', status: 2 });
  expect(readdirSync(cwd)).toEqual([]);
});

test('artifacts: a large one whose agent and hub are killed on its way comes whole', async () => {
  const bytes = 150_000_000;
  const { id } = await bring(
    `head -c ${bytes} /dev/urandom > big.bin; sha256sum big.bin`,
    'big.bin',
  );
  const { pid } = (await stage.odally('local', ['status', '--json'])).json<{ pid: number }>();
  await stage.ended(id);
  const before = await untilPart(id, pid);
  expect(before.state).toBe('coming');
  const early = await stage.wally(['get', id, 'big.bin', '--json'], { cwd: here });
  expect(early.json()).toMatchObject({ error: { code: 'ARTIFACT_INCOMPLETE' } });
  expect(existsSync(join(here, 'big.bin'))).toBe(false);
  const { hub } = await stage.ask<StatusShape>('status');
  for (const killed of [pid, hub.pid]) {
    process.kill(killed, 'SIGKILL');
    await untilGone(killed);
  }
  await stage.up();
  const [kept] = await list(id);
  expect(kept?.receivedBytes).toBeGreaterThanOrEqual(before.receivedBytes);
  expect(await untilSettled(id)).toMatchObject([{ state: 'here', bytes }]);
  expect(await stage.wally(['get', id, 'big.bin', '--json'], { cwd: here })).toMatchObject({
    status: 0,
  });
  const said = (await stage.wally(['logs', id])).stdout.slice(0, 64);
  expect(hashOf(readFileSync(join(here, 'big.bin')))).toBe(said);
});
