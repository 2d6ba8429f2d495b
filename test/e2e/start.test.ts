/*
 * What the README's one command does where there is no terminal: build, hub, one odally, report.
 *
 * It is run as package.json has it, through npm, with stdout not a terminal.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { StatusShape, TeamRow } from '../../cockpit/verbs/shapes.ts';
import { isRunning } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

function start(stage: Stage): Promise<{ readonly stdout: string; readonly stderr: string }> {
  // Rejects when the status is not 0.
  return execute('npm', ['start'], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', ...stage.homes.hub() },
    timeout: 60_000,
  });
}

test('npm start: without a terminal it reports and ends, and the hub goes on; again it joins', async () => {
  await using stage = openStage();
  const first = await start(stage);
  expect(first.stdout).toMatch(/^The hub is up \(pid \d+, 127\.0\.0\.1:\d+\)\. alice is here\.$/m);
  expect(first.stdout).toMatch(/^Wally \d+\.\d+\.\d+ {2}hub \d+ on 127\.0\.0\.1:\d+/m);
  expect(first.stdout).toMatch(/^alice +\S+ +odally +idle +direct/m);
  expect(first.stdout).toMatch(/^Nothing runs and nothing waits\.$/m);
  expect(first.stdout).not.toContain('\u001b');
  const { hub } = await stage.ask<StatusShape>('status');
  expect(isRunning(hub.pid)).toBe(true);
  const again = await start(stage);
  expect(again.stdout).toMatch(
    new RegExp(`^The hub was up already \\(pid ${hub.pid}, .*\\)\\. alice is here\\.$`, 'm'),
  );
  const report = await stage.wally([]);
  expect(report).toMatchObject({ status: 0, stderr: '' });
  expect(report.stdout).toMatch(/^Wally /);
  expect(await stage.ask('down')).toEqual({ hub: 'stopped', local: 'stopped' });
  await stage.untilRunning(0);
});

test('wally: alone and without a terminal it starts the hub, and --json is the status', async () => {
  await using stage = openStage();
  const status = (await stage.wally(['--json'])).json<StatusShape>();
  expect(status).toMatchObject({ team: [], jobs: [], recent: [], hub: { home: stage.home } });
  expect(isRunning(status.hub.pid)).toBe(true);
});

test('up --local: three at once make one hub with one alice', async () => {
  await using stage = openStage();
  const ups = await Promise.all([stage.up(), stage.up(), stage.up()]);
  expect(new Set(ups.map(({ hub }) => hub.pid)).size).toBe(1);
  expect(await stage.ask<readonly TeamRow[]>('team')).toMatchObject([
    { name: 'alice', link: 'direct' },
  ]);
  // The hub, the odally, and nobody who came too late.
  await stage.untilRunning(2);
});
