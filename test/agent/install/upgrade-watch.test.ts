/*
 * What a change of version has written down at the moment in which the agent is told to stop.
 *
 * The agent's socket is answered by the test, and a child stands for its process.
 */
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { findUpgrade } from '../../../agent/install/upgrade-record.ts';
import { runUpgrade } from '../../../agent/install/upgrade-verb.ts';
import { watchUpgrade } from '../../../agent/install/upgrade-watch.ts';
import { serveControl } from '../../../protocol/control.ts';
import { AppError } from '../../../protocol/errors.ts';
import { listenUnix } from '../../../protocol/transports/unix.ts';
import { openServiceBench } from './service-bench.ts';

test('upgrade: once the agent was told to stop the change cannot be given up, or nobody would start one', async () => {
  await using bench = openServiceBench([]);
  const { home, program } = bench;
  const parts = { program, home, noticed: () => undefined };
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  const cancelled: unknown[] = [];
  const flags = { json: true, dryRun: false, background: false, watch: false, runtime: undefined };
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
  const tools = async () => ({ code: 1, stdout: '', stderr: 'it does not start' });
  const change = { from: 'a-000000000001', to: 'b-000000000002', at: 1 };
  await watchUpgrade({ ...parts, tools }, change);
  expect(cancelled).toMatchObject([{ code: 'UPGRADE_STUCK' }]);
  expect(cancelled[0]).toBeInstanceOf(AppError);
  expect(await findUpgrade(home.directory)).toMatchObject({ phase: 'rolled-back' });
});
