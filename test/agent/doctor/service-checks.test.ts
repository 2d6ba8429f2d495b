/*
 * The checks of what keeps an agent: each thing is broken for real on a throw-away box, found, mended, and found
 * whole again. Tools are fakes on PATH; processes are real.
 */
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { AgentRound } from '../../../agent/doctor/agent-round.ts';
import { serviceSection } from '../../../agent/doctor/service-checks.ts';
import { openServiceBench, type ServiceBench } from '../install/service-bench.ts';
import { isRunning } from '../work/bench.ts';

const systemd = ['systemctl', 'loginctl', 'crontab'] as const;
const asked = { timeout: 30_000, interval: 20 };

/** As much of a round as these checks touch. */
function openRound({ home, service }: ServiceBench): AgentRound {
  return { home, service } as unknown as AgentRound;
}

async function look(bench: ServiceBench): Promise<readonly string[]> {
  return (await serviceSection.look(openRound(bench))).map(({ check }) => check.id);
}

/** Finds this alone, mends it, and finds nothing any more. */
async function mend(bench: ServiceBench, id: string): Promise<void> {
  const round = openRound(bench);
  const found = await serviceSection.look(round);
  expect(found.map(({ check }) => check.id)).toEqual([id]);
  for (const { check, evidence } of found) {
    expect(evidence.seen).not.toBe('');
    await check.fix?.apply(round, evidence);
  }
  expect(await look(bench)).toEqual([]);
}

test('service: a sound unit has no findings; lost, disabled or without lingering it is mended, and nothing ends', async () => {
  await using bench = openServiceBench(systemd);
  expect(await look(bench)).toEqual([]);
  expect(bench.tools.calls()).toEqual([]);
  await bench.run('install');
  const pid = (await bench.running())?.pid;
  expect(await look(bench)).toEqual([]);
  bench.tools.setLinger('no');
  await mend(bench, 'service-linger');
  rmSync(join(bench.userHome, '.config/systemd/user/odally.service'));
  await mend(bench, 'service-missing');
  rmSync(join(bench.tools.bin, '../state/odally.service.enabled'));
  await mend(bench, 'service-disabled');
  expect((await bench.running())?.pid).toBe(pid);
});

test('service: lingering that stays refused is no success', async () => {
  await using bench = openServiceBench(systemd);
  await bench.run('install');
  bench.tools.setLinger('no');
  bench.tools.refuse('no-linger');
  await expect(bench.service.mend()).rejects.toMatchObject({ code: 'SERVICE_TOOL' });
  expect(await look(bench)).toEqual(['service-linger']);
});

test('service: a lost line of the crontab comes back, and a dead supervisor is followed without an end of the agent', async () => {
  await using bench = openServiceBench(['crontab']);
  await bench.run('install');
  expect(await look(bench)).toEqual([]);
  bench.tools.setCrontab('# mine\n');
  await mend(bench, 'service-disabled');
  expect(bench.tools.crontab()).toMatch(/^# mine\n@reboot /);
  const { supervisorPid, agentPid } = await bench.service.look();
  process.kill(supervisorPid ?? 0, 'SIGKILL');
  await vi.waitUntil(() => !isRunning(supervisorPid ?? 0), asked);
  await mend(bench, 'service-unwatched');
  expect((await bench.service.look()).agentPid).toBe(agentPid);
});

test('service: a box that never had cron is not blamed for it', async () => {
  await using bench = openServiceBench([]);
  await bench.run('install');
  expect(await look(bench)).toEqual([]);
});

test('service: an agent that its unit did not start is named, and left alone', async () => {
  await using bench = openServiceBench(systemd);
  await bench.run('install');
  const record = bench.read('service.json');
  await bench.run('install', '--kind=background');
  const { supervisorPid, agentPid } = await bench.service.look();
  process.kill(supervisorPid ?? 0, 'SIGKILL');
  await vi.waitUntil(() => !isRunning(supervisorPid ?? 0), asked);
  bench.tell('service.json', record);
  await bench.service.mend();
  expect(await look(bench)).toEqual(['service-stray']);
  expect((await bench.running())?.pid).toBe(agentPid);
});

test('service: versions that nothing needs are removed, the linked ones are not', async () => {
  await using bench = openServiceBench([]);
  const versions = join(bench.home.directory, 'versions');
  const names = [1, 2, 3, 4, 5].map((n) => `1.0.0-00000000000${n}`);
  for (const [age, name] of names.entries()) {
    mkdirSync(join(versions, name), { recursive: true });
    writeFileSync(join(versions, name, 'manifest.json'), '{}');
    utimesSync(join(versions, name), 1000 - age, 1000 - age);
  }
  symlinkSync(`versions/${names[4]}`, join(bench.home.directory, 'current'));
  await mend(bench, 'versions-spare');
});

test('service: a change of version that nobody sees to is named, and can be left where it stands', async () => {
  await using bench = openServiceBench([]);
  const watcher = { pid: process.pid, start: '-1' };
  const record = { from: 'a', to: 'b', phase: 'draining', watcher, at: 1 };
  bench.tell('upgrade.json', JSON.stringify(record));
  await mend(bench, 'upgrade-adrift');
  bench.tell('upgrade.json', JSON.stringify({ ...record, phase: 'done' }));
  expect(await look(bench)).toEqual([]);
});
