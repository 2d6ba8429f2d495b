/*
 * Programs of providers, run for real: what one leaves running must not hold up the hub.
 */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openPrograms } from '../../../../cockpit/fleet/spawn/ports.ts';
import { isRunning } from '../../../agent/work/bench.ts';
import { openHomes } from '../../../kit/homes.ts';

const run = openPrograms({ PATH: '/usr/bin:/bin', HOME: tmpdir() });
const sh = (script: string, timeoutMs = 20_000) =>
  run({ command: ['/bin/sh', '-c', script], timeoutMs });

test('program: how it ended and what it said on both sides', async () => {
  expect(await sh('echo out; echo err >&2; exit 7')).toEqual({
    ...{ exitCode: 7, stdout: 'out', stderr: 'err', isTimedOut: false, isAbsent: false },
  });
  expect(await sh('kill -9 $$')).toMatchObject({ exitCode: null, isTimedOut: false });
  const absent = { exitCode: null, isAbsent: true };
  expect(await run({ command: ['/nowhere/box'], timeoutMs: 1000 })).toMatchObject(absent);
  const cat = { command: ['cat'], stdin: 'given', timeoutMs: 20_000 };
  expect(await run(cat)).toMatchObject({ exitCode: 0, stdout: 'given' });
  expect(await run({ ...cat, command: ['true'] })).toMatchObject({ exitCode: 0 });
});

test('program: one that hangs in a program of its own is ended with that when its time is over', async () => {
  await using homes = openHomes();
  const file = join(homes.root, 'pid');
  const end = await sh(`echo begun; sleep 600 & echo $! > ${file}; wait`, 300);
  expect(end).toMatchObject({ exitCode: null, isTimedOut: true, stdout: 'begun' });
  const pid = Number(readFileSync(file, 'utf8'));
  await vi.waitUntil(() => !isRunning(pid), { timeout: 10_000 });
});

test('program: one that turns a deaf ear to its end is killed', async () => {
  const end = await sh('trap "" TERM; echo begun; while :; do sleep 1; done', 300);
  expect(end).toMatchObject({ exitCode: null, isTimedOut: true });
});

test('program: what it left behind with its output open, as an ssh master is, is not waited for', async () => {
  await using homes = openHomes();
  const file = join(homes.root, 'pid');
  const end = await sh(`setsid sh -c 'echo $$ > ${file}; exec sleep 600' & echo made`);
  expect(end).toMatchObject({ exitCode: 0, isTimedOut: false, stdout: 'made' });
  await vi.waitUntil(() => readFileSync(file, 'utf8') !== '', { timeout: 10_000 });
  const pid = Number(readFileSync(file, 'utf8'));
  expect(isRunning(pid)).toBe(true);
  process.kill(pid, 'SIGKILL');
});

test('program: one that says too much is ended, and what was read of it is cut', async () => {
  const end = await sh('exec yes');
  expect(end).toMatchObject({ exitCode: null, isTimedOut: false });
  expect(end.stderr).toContain('more than is read');
});

test('program: one that no signal of ours may reach is given up in its time, and breaks nothing', async () => {
  const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
    throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
  });
  try {
    const end = await sh('echo begun; exec sleep 30', 300);
    expect(end).toMatchObject({ exitCode: null, isTimedOut: true, stdout: 'begun' });
  } finally {
    kill.mockRestore();
  }
}, 20_000);
