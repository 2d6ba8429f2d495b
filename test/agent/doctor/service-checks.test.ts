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

test('service: a home without one, and a sound unit, have no findings and no tool is asked', async () => {
  await using bench = openServiceBench(systemd);
  expect(await look(bench)).toEqual([]);
  expect(bench.tools.calls()).toEqual([]);
  await bench.run('install');
  expect(await look(bench)).toEqual([]);
});

/** Breaks an installed unit, mends it, and sees that the agent ran on. */
async function breakUnit(id: string, harm: (bench: ServiceBench) => void): Promise<void> {
  await using bench = openServiceBench(systemd);
  await bench.run('install');
  const pid = (await bench.running())?.pid;
  harm(bench);
  await mend(bench, id);
  expect((await bench.running())?.pid).toBe(pid);
}

test('service-linger: switched off, it is switched on again, and nothing ends', () =>
  breakUnit('service-linger', ({ tools }) => tools.setLinger('no')));

test('service-missing: a unit that is gone is written again, and nothing ends', () =>
  breakUnit('service-missing', ({ userHome }) =>
    rmSync(join(userHome, '.config/systemd/user/odally.service')),
  ));

test('service-disabled: a unit that does not come with the box is enabled again, and nothing ends', () =>
  breakUnit('service-disabled', ({ tools }) =>
    rmSync(join(tools.bin, '../state/odally.service.enabled')),
  ));

test('service-linger: a refusal that stays is no success', async () => {
  await using bench = openServiceBench(systemd);
  await bench.run('install');
  bench.tools.setLinger('no');
  bench.tools.refuse('no-linger');
  await expect(bench.service.mend()).rejects.toMatchObject({ code: 'SERVICE_TOOL' });
  expect(await look(bench)).toEqual(['service-linger']);
});

test('service-unwatched: a lost line of the crontab comes back, and a dead supervisor is followed without an end of the agent', async () => {
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

test('service-disabled: a box that never had cron is not blamed for it', async () => {
  await using bench = openServiceBench([]);
  await bench.run('install');
  expect(await look(bench)).toEqual([]);
});

test('service-stray: an agent that its unit did not start is named, and left alone', async () => {
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

test('versions-spare: versions that nothing needs are removed, the linked ones are not', async () => {
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

test('upgrade-adrift: a change of version that nobody sees to is named, and can be left where it stands', async () => {
  await using bench = openServiceBench([]);
  const watcher = { pid: process.pid, start: '-1' };
  const record = { from: 'a', to: 'b', phase: 'draining', watcher, at: 1 };
  bench.tell('upgrade.json', JSON.stringify(record));
  await mend(bench, 'upgrade-adrift');
  bench.tell('upgrade.json', JSON.stringify({ ...record, phase: 'done' }));
  expect(await look(bench)).toEqual([]);
});
