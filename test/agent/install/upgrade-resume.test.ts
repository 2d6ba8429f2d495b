/*
 * A change of version whose watcher was killed, at each point where that can happen, and who takes it up.
 *
 * The agents are small real processes under a real supervisor; what is killed is played by a record that names a
 * process which is gone.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { RunTool } from '../../../agent/install/tools.ts';
import {
  findUpgrade,
  findUpgradeTold,
  saveUpgrade,
  type UpgradeRecord,
} from '../../../agent/install/upgrade-record.ts';
import { resumeUpgrade } from '../../../agent/install/upgrade-resume.ts';
import { watchOn } from '../../../agent/install/upgrade-watch.ts';
import { findLinked, switchVersion } from '../../../agent/install/versions.ts';
import type { AppError } from '../../../protocol/errors.ts';
import { planLauncher } from '../../../protocol/launcher.ts';
import { openServiceBench, type ServiceBench } from './service-bench.ts';

const from = 'a-000000000001';
const to = 'b-000000000002';
const gone = { pid: process.pid, start: '-1' };
const adrift: UpgradeRecord = { from, to, at: 1, phase: 'switched', was: 'linked', watcher: gone };

/** A box with both versions, whose agent of the first one is stopped, and a change that nobody sees to. */
async function openBox(record: UpgradeRecord = adrift): Promise<ServiceBench> {
  const bench = openServiceBench([]);
  const { directory } = bench.home;
  for (const name of [from, to]) mkdirSync(join(directory, 'versions', name), { recursive: true });
  symlinkSync(`versions/${from}`, join(directory, 'current'));
  await bench.run('install');
  await bench.run('stop');
  await saveUpgrade(directory, record);
  return bench;
}

/** What a watcher of the box has to do with; the launcher's `service start` is done by the bench. */
function partsOf(bench: ServiceBench, pid = process.pid) {
  const said: string[] = [];
  const tools: RunTool = async (_launcher, [, verb]) => {
    try {
      await bench.service.perform({ verb: verb === 'start' ? 'start' : 'status' });
      return { code: 0, stdout: '', stderr: '' };
    } catch (error) {
      const { code, message } = error as AppError;
      return { code: 1, stdout: JSON.stringify({ error: { code, message } }), stderr: '' };
    }
  };
  const program = { ...bench.program, pid };
  return {
    program,
    home: bench.home,
    tools,
    noticed: (line: string) => void said.push(line),
    said,
  };
}

test('upgrade: cut off between stop and switch, it goes on, and the new version serves', async () => {
  await using bench = await openBox();
  expect(await watchOn(partsOf(bench))).toMatchObject({ phase: 'done', at: adrift.at });
  expect(await bench.running()).toMatchObject({ build: to });
  expect(await findLinked(bench.home.directory, 'current')).toBe(to);
});

test('upgrade: cut off after the switch, a version that does not start is taken back, with what it said', async () => {
  await using bench = await openBox();
  await switchVersion(bench.home.directory, to);
  bench.tell(`status-${to}`, '2');
  const record = await watchOn(partsOf(bench));
  expect(record).toMatchObject({ phase: 'rolled-back', code: 'UPGRADE_ROLLED_BACK' });
  expect(record?.message).toContain('odally: the key is gone [KEY_MISSING]');
  expect(await bench.running()).toMatchObject({ build: from });
});

test('upgrade: cut off after the new version came up, it is only noted that it serves', async () => {
  await using bench = await openBox();
  await switchVersion(bench.home.directory, to);
  await bench.run('start');
  const before = await bench.running();
  expect(await watchOn(partsOf(bench))).toMatchObject({ phase: 'done' });
  expect(await bench.running()).toMatchObject({ pid: before?.pid });
});

test('upgrade: a version that has its session through a relay has come up', async () => {
  await using bench = await openBox();
  bench.tell(`link-${to}`, 'linked through a relay');
  expect(await watchOn(partsOf(bench))).toMatchObject({ phase: 'done' });
  expect(await bench.running()).toMatchObject({ build: to });
});

test('upgrade: cut off after the new version began work, that goes on, though the hub is away by now', async () => {
  await using bench = await openBox();
  await switchVersion(bench.home.directory, to);
  bench.tell('link', 'dialling');
  bench.tell('attempts', JSON.stringify([{ attempt: 'J1.1', state: 'running' }]));
  await bench.run('start');
  const before = await bench.running();
  expect(await watchOn(partsOf(bench))).toMatchObject({ phase: 'done' });
  expect(await bench.running()).toMatchObject({ pid: before?.pid, build: to });
});

test('upgrade: what waits in a version that is taken back goes on waiting', async () => {
  await using bench = await openBox();
  await switchVersion(bench.home.directory, to);
  bench.tell(`link-${to}`, 'dialling');
  const { program, ...parts } = partsOf(bench);
  const { clock } = program.ports;
  // The minute that it has is over in some seconds.
  const fast = { ...clock, monotonicMs: () => clock.monotonicMs() * 20 };
  const ports = { ...program.ports, clock: fast };
  const record = await watchOn({ ...parts, program: { ...program, ports } });
  expect(record).toMatchObject({ phase: 'rolled-back' });
  expect(bench.read(`stopped-${to}`)).toBe('{"keep":true}');
  expect(await bench.running()).toMatchObject({ build: from });
});

test('upgrade: where going back fails too, what is current is started all the same', async () => {
  await using bench = await openBox();
  await switchVersion(bench.home.directory, to);
  bench.tell(`link-${to}`, 'dialling');
  // No store that anything could be made of.
  bench.tell('store', 'not a directory');
  const { program, ...parts } = partsOf(bench);
  const { clock } = program.ports;
  const fast = { ...clock, monotonicMs: () => clock.monotonicMs() * 20 };
  const ports = { ...program.ports, clock: fast };
  const record = await watchOn({ ...parts, program: { ...program, ports } });
  expect(record).toMatchObject({ phase: 'rolled-back' });
  expect(record?.message).toContain('; then: ');
  expect(await bench.running()).toMatchObject({ build: to });
});

test('upgrade: where the switch cannot be made the version that is left serves, and it is taken up again', async () => {
  await using bench = await openBox();
  const { directory } = bench.home;
  // In the way of the link that is put aside first.
  mkdirSync(join(directory, 'current.new', 'x'), { recursive: true });
  await expect(watchOn(partsOf(bench))).rejects.toThrow('current.new');
  expect(await bench.running()).toMatchObject({ build: from });
  expect(await findUpgrade(directory)).toMatchObject({ phase: 'switched', was: 'linked' });
});

test('upgrade: cut off between going back and starting the old version, that is started', async () => {
  const why = { code: 'UPGRADE_ROLLED_BACK', message: 'it did not come up' };
  await using bench = await openBox({ ...adrift, ...why, phase: 'rolled-back', isDown: true });
  bench.tell('link', 'dialling');
  const record = await watchOn(partsOf(bench));
  expect(record).toMatchObject({ ...why, phase: 'rolled-back' });
  expect(record?.isDown).toBeUndefined();
  expect(await bench.running()).toMatchObject({ build: from });
});

test('upgrade: only the new version says to the hub that it serves, before that is decided', async () => {
  await using bench = await openBox();
  const { directory } = bench.home;
  expect(await findUpgradeTold(directory, from)).toBeUndefined();
  expect(await findUpgradeTold(directory, to)).toMatchObject({ as: 'done', to });
  await saveUpgrade(directory, { ...adrift, phase: 'rolled-back' });
  expect(await findUpgradeTold(directory, from)).toMatchObject({ as: 'rolled-back' });
});

test('upgrade: where no agent ran before, a change that was cut off starts none', async () => {
  const { was: _was, ...none } = adrift;
  await using bench = await openBox(none);
  expect(await watchOn(partsOf(bench))).toMatchObject({ phase: 'done' });
  expect(await bench.running()).toBeUndefined();
});

test('upgrade: of two that take it up at once one goes on, and the other leaves it alone', async () => {
  await using bench = await openBox();
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  const both = [partsOf(bench), partsOf(bench, child.pid)];
  await Promise.all(both.map((parts) => watchOn(parts)));
  child.kill('SIGKILL');
  const lines = both.flatMap(({ said }) => said).filter((line) => line.includes('was cut off'));
  expect(lines).toEqual([`the change to ${to} was cut off; it goes on`]);
  expect(await findUpgrade(bench.home.directory)).toMatchObject({ phase: 'done' });
});

test('upgrade: cut off before anything was stopped, nothing is done but that it is said', async () => {
  await using bench = await openBox({ ...adrift, phase: 'draining' });
  await bench.run('start');
  const before = await bench.running();
  const record = await resumeUpgrade(partsOf(bench));
  expect(record).toMatchObject({ phase: 'failed', code: 'UPGRADE_STUCK' });
  expect(await findUpgrade(bench.home.directory)).toEqual(record);
  expect(await bench.running()).toMatchObject({ pid: before?.pid, build: from });
});

test('upgrade: a change that is over, or that somebody sees to, is not taken up', async () => {
  const watcher = { pid: process.pid, start: '' };
  for (const record of [
    { ...adrift, phase: 'done' },
    { ...adrift, watcher },
  ] as const) {
    await using bench = await openBox(record);
    const parts = partsOf(bench);
    expect(await resumeUpgrade(parts)).toEqual(record);
    expect(await watchOn(parts)).toEqual(record);
    expect(parts.said).toEqual([]);
  }
});

const cutOff = [{ phase: 'switched' }, { phase: 'rolled-back', isDown: true }] as const;

test.each(cutOff)(
  'launcher: a change that was cut off at %o is taken up by the version that is left, whatever it is called for',
  async (at) => {
    await using bench = await openBox({ ...adrift, ...at });
    const { directory } = bench.home;
    await switchVersion(directory, to);
    const taken = join(directory, 'taken');
    const told = `require('fs').writeFileSync('${taken}', process.env.ODALLY_HOME + ' ' + process.argv.slice(2))`;
    writeFileSync(join(directory, 'versions', from, 'odally.js'), told);
    writeFileSync(join(directory, 'versions', to, 'odally.js'), "console.log('new')");
    for (const name of [from, to])
      writeFileSync(join(directory, 'versions', `${name}.runtime`), `${process.execPath}\n`);
    const launcher = join(directory, 'launcher');
    writeFileSync(launcher, planLauncher(directory), { mode: 0o700 });
    const run = () =>
      execFileSync(launcher, ['run'], { env: { PATH: '/usr/bin:/bin' } }).toString();
    expect(run()).toBe('new\n');
    await vi.waitUntil(() => existsSync(taken), { timeout: 10_000 });
    await vi.waitUntil(() => readFileSync(taken, 'utf8') !== '', { timeout: 10_000 });
    expect(readFileSync(taken, 'utf8')).toBe(`${directory} upgrade,--json`);
  },
);
