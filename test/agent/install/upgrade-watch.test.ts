/*
 * What a change of version has written down at the moment in which the agent is told to stop.
 *
 * The agent's socket is answered by the test, and a child stands for its process.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nameProcess } from '../../../agent/install/supervisor-record.ts';
import { findUpgrade, saveUpgrade } from '../../../agent/install/upgrade-record.ts';
import { runUpgrade } from '../../../agent/install/upgrade-verb.ts';
import { watchOn, watchUpgrade } from '../../../agent/install/upgrade-watch.ts';
import { serveControl } from '../../../protocol/control.ts';
import { AppError } from '../../../protocol/errors.ts';
import { listenUnix } from '../../../protocol/transports/unix.ts';
import { openServiceBench } from './service-bench.ts';

const change = { from: 'a-000000000001', to: 'b-000000000002', at: 1 };
const flags = { json: true, dryRun: false, background: false, watch: false, runtime: undefined };
const ended = { code: 1, stdout: '', stderr: 'it does not start' };
const tools = async () => ended;

test('upgrade: an agent that ends before it has answered was told all the same, and another is started', async () => {
  await using bench = openServiceBench([]);
  const { home, program } = bench;
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  const listener = await listenUnix(home.socket, (link) =>
    serveControl(link, async (call) => {
      const { verb } = call;
      if (verb === 'hand-over') {
        void call.item({ why: 'upgrade', running: 0, terminals: 0, waiting: 0 });
        return new Promise(() => undefined);
      }
      if (verb === 'stop') {
        child.kill('SIGKILL');
        void listener.close();
        link.close('it was killed');
        return new Promise(() => undefined);
      }
      return { pid: child.pid, version: '0.0.1', attempts: [], link: 'linked' };
    }),
  );
  const record = await watchUpgrade({ program, home, noticed: () => undefined, tools }, change);
  // What could not be started was the new one, so it came that far.
  expect(record).toMatchObject({ phase: 'rolled-back', was: 'linked' });
});

test('upgrade: one that told the agent to stop as it was given up is not given up', async () => {
  await using bench = openServiceBench([]);
  const { home, program } = bench;
  const parts = { program, home, noticed: () => undefined };
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  const watcher = nameProcess(child.pid ?? 0);
  await saveUpgrade(home.directory, { ...change, phase: 'draining', watcher });
  // Who takes it up: a version that says only that it does.
  const script = join(home.directory, 'versions', change.from, 'odally.js');
  mkdirSync(join(script, '..'), { recursive: true });
  const words = JSON.stringify({ ...change, phase: 'done', watcher: nameProcess(process.pid) });
  const file = join(home.directory, 'upgrade.json');
  writeFileSync(script, `require('fs').writeFileSync('${file}', '${words}')`);
  let written: Promise<void> | undefined;
  const signal = () => {
    written = saveUpgrade(home.directory, { ...change, phase: 'switched', was: 'linked', watcher });
    void written.then(() => child.kill('SIGKILL'));
  };
  const given = runUpgrade({ ...parts, program: { ...program, signal } }, [], {
    ...{ ...flags, cancel: true },
  });
  await expect(given).rejects.toMatchObject({ code: 'UPGRADE_STUCK' });
  await written;
  expect(await findUpgrade(home.directory)).toMatchObject({ phase: 'done' });
});

test('upgrade: a new version that hangs is given up in its time, and does not hang who sees to it', async () => {
  await using bench = openServiceBench([]);
  const { home, program } = bench;
  const { clock, timers } = program.ports;
  const ports = {
    ...program.ports,
    clock: { ...clock, monotonicMs: () => clock.monotonicMs() * 100 },
    timers: { after: (ms: number, run: () => void) => timers.after(ms / 100, run) },
  };
  const parts = { program: { ...program, ports }, home, noticed: () => undefined };
  await saveUpgrade(home.directory, {
    ...{ ...change, phase: 'switched', was: 'linked', watcher: { pid: process.pid, start: '-1' } },
  });
  symlinkSync(`versions/${change.to}`, join(home.directory, 'current'));
  const never = () => new Promise<never>(() => undefined);
  const listener = await listenUnix(home.socket, (link) => serveControl(link, never));
  const record = await watchOn({ ...parts, tools: async () => ({ ...ended, code: 0 }) });
  expect(record).toMatchObject({ phase: 'rolled-back' });
  expect(record?.message).toMatch(
    /did not come up in 60 s: it does not answer; then: .* does not answer/,
  );
  await listener.close();
});

test('upgrade: an agent that hangs is not changed', async () => {
  await using bench = openServiceBench([]);
  const { home, program } = bench;
  const { timers } = program.ports;
  const after = (ms: number, run: () => void) => timers.after(ms / 100, run);
  const quick = { ...program, ports: { ...program.ports, timers: { after } } };
  const never = () => new Promise<never>(() => undefined);
  const listener = await listenUnix(home.socket, (link) => serveControl(link, never));
  const parts = { program: quick, home, noticed: () => undefined, tools };
  expect(await watchUpgrade(parts, change)).toMatchObject({
    ...{ phase: 'failed', code: 'AGENT_SILENT' },
    message: expect.stringContaining('runs and does not answer'),
  });
  await listener.close();
});

test('upgrade: once the agent was told to stop the change cannot be given up, or nobody would start one', async () => {
  await using bench = openServiceBench([]);
  const { home, program } = bench;
  const parts = { program, home, noticed: () => undefined };
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  const cancelled: unknown[] = [];
  const listener = await listenUnix(home.socket, (link) =>
    serveControl(link, async (call) => {
      const { verb } = call;
      if (verb === 'hand-over') {
        void call.item({ why: 'upgrade', running: 0, terminals: 0, waiting: 0 });
        return new Promise(() => undefined);
      }
      if (verb === 'stop') {
        const guarded = { ...parts, program: { ...program, signal: () => undefined } };
        cancelled.push(await runUpgrade(guarded, [], { ...flags, cancel: true }).catch((e) => e));
        child.once('exit', () => void listener.close());
        child.kill('SIGKILL');
      }
      return { pid: child.pid, version: '0.0.1', attempts: [], link: 'linked' };
    }),
  );
  await watchUpgrade({ ...parts, tools }, change);
  expect(cancelled).toMatchObject([{ code: 'UPGRADE_STUCK' }]);
  expect(cancelled[0]).toBeInstanceOf(AppError);
  expect(await findUpgrade(home.directory)).toMatchObject({ phase: 'rolled-back' });
});
