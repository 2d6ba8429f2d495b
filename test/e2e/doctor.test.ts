/*
 * The doctor of the real programs: silent about a sound system, and about what it has mended.
 */

import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AgentStatus } from '../../agent/agent-parts.ts';
import type { CheckRow, DoctorReport } from '../../protocol/doctor.ts';
import { untilGone } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';

const sound: DoctorReport = { findings: [], fixed: [] };

async function diagnose(stage: Stage, ...flags: readonly string[]) {
  const result = await stage.wally(['doctor', '--json', ...flags]);
  return { status: result.status, report: result.json<DoctorReport>() };
}

async function diagnoseAgent(stage: Stage, ...flags: readonly string[]) {
  const result = await stage.odally('local', ['doctor', '--json', ...flags]);
  return { status: result.status, report: result.json<DoctorReport>() };
}

test.concurrent('doctor: it finds nothing in a system that has worked', async () => {
  await using stage = openStage();
  await stage.up();
  await stage.ended((await stage.dispatch('echo one')).id);
  expect(await diagnose(stage)).toEqual({ status: 0, report: sound });
  expect(await diagnose(stage, '--all')).toEqual({ status: 0, report: sound });
  expect(await diagnose(stage, '--on', 'alice', '--fix')).toEqual({ status: 0, report: sound });
  expect(await diagnoseAgent(stage)).toEqual({ status: 0, report: sound });
});

test.concurrent('doctor: what is wrong with a home is found, mended, and gone', async () => {
  await using stage = openStage();
  await stage.up();
  const key = join(stage.home, 'hub.key');
  chmodSync(key, 0o644);
  const found = await diagnose(stage);
  const finding = { id: 'home-modes', severity: 'error', seen: `${key} has mode 0644.` };
  expect(found).toMatchObject({ status: 1, report: { findings: [finding], fixed: [] } });
  const mended = await diagnose(stage, '--fix');
  expect(mended).toMatchObject({ status: 0, report: { findings: [], fixed: [finding] } });
  expect(statSync(key).mode & 0o777).toBe(0o600);
  expect(await diagnose(stage)).toEqual({ status: 0, report: sound });
});

test.concurrent('doctor: a killed hub leaves a socket; without a hub that is found, and the hub started again', async () => {
  await using stage = openStage();
  const { hub } = await stage.ask<{ hub: { pid: number } }>('up');
  process.kill(hub.pid, 'SIGKILL');
  await untilGone(hub.pid);
  const found = await diagnose(stage);
  expect(found.report.findings.map(({ id }) => id)).toEqual(['socket-stale', 'hub-down']);
  expect(await diagnose(stage, '--fix', '--safe')).toMatchObject({
    status: 1,
    report: { findings: [{ id: 'hub-down' }], fixed: [{ id: 'socket-stale' }] },
  });
  expect(existsSync(join(stage.home, 'hub.sock'))).toBe(false);
  expect(await diagnose(stage, '--fix')).toMatchObject({
    status: 0,
    report: { findings: [], fixed: [{ id: 'hub-down' }] },
  });
  expect(await diagnose(stage)).toEqual({ status: 0, report: sound });
});

test.concurrent('doctor: an agent that was killed is found on its box, and started again', async () => {
  await using stage = openStage();
  await stage.up();
  const { pid } = (await stage.odally('local', ['status', '--json'])).json<{ pid: number }>();
  process.kill(pid, 'SIGKILL');
  await untilGone(pid);
  const found = await diagnoseAgent(stage);
  expect(found.report.findings.map(({ id }) => id)).toEqual(['socket-stale', 'agent-down']);
  expect(await diagnoseAgent(stage, '--fix')).toMatchObject({
    status: 0,
    report: { findings: [], fixed: [{ id: 'socket-stale' }, { id: 'agent-down' }] },
  });
  expect((await stage.odally('local', ['status'])).status).toBe(0);
});

test.concurrent('doctor: a worker is asked over its link, and mends what is safe', async () => {
  await using stage = openStage();
  await stage.up();
  const left = join(stage.localHome, 'work', 'J77.1');
  mkdirSync(left, { recursive: true });
  writeFileSync(join(left, 'file'), 'left');
  const finding = { id: 'work-leftovers', worker: 'alice' };
  expect(await diagnose(stage)).toEqual({ status: 0, report: sound });
  expect(await diagnose(stage, '--on', 'alice')).toMatchObject({
    status: 1,
    report: { findings: [finding], fixed: [] },
  });
  expect(await diagnose(stage, '--all', '--fix')).toMatchObject({
    status: 0,
    report: { findings: [], fixed: [finding] },
  });
  expect(existsSync(left)).toBe(false);
});

test.concurrent('doctor: a process that carries our mark without a job is ended', async () => {
  await using stage = openStage();
  await stage.up();
  await stage.ended((await stage.dispatch('printf %s "$WALLY_MARK"')).id);
  // The agent holds an attempt until the hub has said that it has all of it.
  let held: readonly unknown[] = ['J1.1'];
  while (held.length > 0) {
    const status = await stage.odally('local', ['status', '--json']);
    held = status.json<AgentStatus>().attempts;
  }
  const { stdout: mark } = await stage.wally(['logs', 'J1']);
  const orphan = spawn('/bin/sleep', ['1000'], { env: { WALLY_MARK: mark }, stdio: 'ignore' });
  const gone = new Promise((resolve) => orphan.once('exit', (_code, signal) => resolve(signal)));
  const finding = { id: 'processes-orphaned', severity: 'error' };
  expect(await diagnoseAgent(stage)).toMatchObject({ status: 1, report: { findings: [finding] } });
  expect(await diagnoseAgent(stage, '--fix')).toMatchObject({
    status: 0,
    report: { findings: [], fixed: [finding] },
  });
  expect(await gone).toBe('SIGKILL');
});

test.concurrent('doctor: its list says what it can find and mend', async () => {
  await using stage = openStage();
  const rows = await stage.ask<readonly CheckRow[]>('doctor', '--list');
  expect(rows).toContainEqual({
    id: 'home-modes',
    title: 'only you can look into the home and its key',
    area: 'home',
    fix: true,
  });
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  const agent = await stage.odally('local', ['doctor', '--list', '--json']);
  expect(agent.json<readonly CheckRow[]>().map(({ id }) => id)).toContain('processes-orphaned');
});

test.concurrent('doctor: of a hub and an agent that hang it says that, and does not hang with them', async () => {
  await using stage = openStage();
  const { hub } = await stage.up();
  const status = await stage.odally('local', ['status', '--json']);
  const { pid } = status.json<{ pid: number }>();
  for (const one of [hub.pid, pid]) process.kill(one, 'SIGSTOP');
  try {
    const [ours, theirs] = await Promise.all([diagnose(stage), diagnoseAgent(stage)]);
    for (const [{ status: exit, report }, owner] of [
      [ours, hub.pid],
      [theirs, pid],
    ] as const) {
      expect(exit).toBe(1);
      const found = report.findings.find(({ id }) => id === 'store-locked');
      expect(found?.seen).toContain(`Process ${owner} owns the store, and nobody answers`);
    }
  } finally {
    for (const one of [hub.pid, pid]) process.kill(one, 'SIGCONT');
  }
});
