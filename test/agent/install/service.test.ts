/*
 * `odally service` on throw-away boxes: which kind each gets, that it keeps an agent running, and that
 * nothing of it is left when it is removed. Tools are fakes on PATH; processes and kills are real.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { holdProcess } from '../../../agent/install/ports.ts';
import { findServiceRecord } from '../../../agent/install/service-record.ts';
import { nameProcess, saveSupervisorRecord } from '../../../agent/install/supervisor-record.ts';
import type { BoxTool } from '../../kit/box-tools.ts';
import { isRunning } from '../work/bench.ts';
import { openServiceBench, type ServiceBench } from './service-bench.ts';

const asked = { timeout: 30_000, interval: 20 };
const systemd: readonly BoxTool[] = ['systemctl', 'loginctl', 'crontab'];

async function killAgent(bench: ServiceBench): Promise<number> {
  const pid = (await bench.running())?.pid ?? 0;
  process.kill(pid, 'SIGKILL');
  await vi.waitUntil(() => !isRunning(pid), asked);
  return pid;
}

/** Resolves with the pid of another agent than this one. */
async function untilAnother(bench: ServiceBench, before: number): Promise<number> {
  return await vi.waitUntil(async () => {
    const pid = (await bench.running())?.pid;
    return pid !== undefined && pid !== before ? pid : undefined;
  }, asked);
}

test('service: with systemd and lingering it is a unit, started again when it is killed, and removed whole', async () => {
  await using bench = openServiceBench(systemd);
  const unit = join(bench.userHome, '.config/systemd/user/odally.service');
  expect((await bench.run('install')).status).toBe(0);
  expect(await bench.service.look()).toMatchObject({
    ...{ kind: 'systemd', name: 'odally.service', isInstalled: true, isEnabled: true },
    ...{ isLingering: true, isRunning: true, notes: [] },
  });
  expect(bench.tools.calls()).toContain('loginctl enable-linger somebody');
  expect(statSync(unit).mode & 0o777).toBe(0o600);
  const text = readFileSync(unit, 'utf8');
  expect(text).toContain(`ExecStart="${bench.home.directory}/bin/odally" "run"`);
  for (const line of ['KillMode=mixed', 'OOMPolicy=continue', 'Restart=on-failure'])
    expect(text.split('\n')).toContain(line);
  const first = await killAgent(bench);
  await untilAnother(bench, first);
  expect((await bench.run('remove')).status).toBe(0);
  expect(await bench.service.look()).toMatchObject({ kind: 'none', agentPid: null });
  expect([unit, join(bench.home.directory, 'service.json')].filter(existsSync)).toEqual([]);
  expect(bench.tools.calls()).toContain('systemctl --user disable odally.service');
});

test('service: installing again changes nothing and ends nothing', async () => {
  await using bench = openServiceBench(systemd);
  await bench.run('install');
  const before = (await bench.running())?.pid;
  const unit = join(bench.userHome, '.config/systemd/user/odally.service');
  const { ino } = statSync(unit);
  expect((await bench.run('install')).status).toBe(0);
  expect((await bench.running())?.pid).toBe(before);
  expect(statSync(unit).ino).toBe(ino);
});

test('service: where lingering is refused it is a background process, and it is said why', async () => {
  await using bench = openServiceBench(systemd);
  bench.tools.refuse('no-linger');
  const { text } = await bench.run('install');
  expect(text).toContain('background (odally) keeps the agent running');
  expect(text).toContain('lingering is off: Could not enable linger: Access denied');
  expect(bench.tools.calls().some((call) => call.startsWith('systemctl --user enable'))).toBe(
    false,
  );
});

test('service: a kind that is asked for is taken, with what it lacks', async () => {
  await using bench = openServiceBench(systemd);
  bench.tools.refuse('no-linger');
  const { text } = await bench.run('install', '--kind=systemd');
  expect(text).toContain('systemd (odally.service) keeps the agent running');
  expect(text).toContain('it ends at logout, because lingering is off');
  await bench.run('install', '--kind=background');
  expect(existsSync(join(bench.userHome, '.config/systemd/user/odally.service'))).toBe(false);
  expect(await bench.service.look()).toMatchObject({ kind: 'background', isRunning: true });
});

test('service: without systemd a supervisor keeps it, and cron starts that with the box', async () => {
  await using bench = openServiceBench(['crontab']);
  const own = '# mine\n5 4 * * * true\n';
  bench.tools.setCrontab(own);
  await bench.run('install');
  const launcher = join(bench.home.directory, 'bin/odally');
  const mark = `# odally: ${bench.home.directory}`;
  expect(bench.tools.crontab()).toBe(
    `${own}@reboot ODALLY_HOME='${bench.home.directory}' '${launcher}' 'service' 'start' >/dev/null 2>&1 ${mark}\n`,
  );
  const first = await killAgent(bench);
  const second = await untilAnother(bench, first);
  const { supervisorPid } = await bench.service.look();
  await bench.run('install');
  expect((await bench.running())?.pid).toBe(second);
  expect(bench.tools.crontab()?.match(/@reboot/g)).toHaveLength(1);
  await bench.run('remove');
  expect(bench.tools.crontab()).toBe(own);
  expect([second, supervisorPid ?? 0].filter(isRunning)).toEqual([]);
  expect(existsSync(join(bench.home.directory, 'supervisor.json'))).toBe(false);
});

test('service: a crontab that was ours alone is gone after it, and no tool is needed at all', async () => {
  await using bench = openServiceBench(['crontab']);
  await bench.run('install');
  await bench.run('remove');
  expect(bench.tools.crontab()).toBeUndefined();
  await using bare = openServiceBench([]);
  const { text } = await bare.run('install');
  expect(text).toContain('background (odally) keeps the agent running');
  expect(text).toContain('it will not start with the box (this box has no cron)');
});

test('service: a supervisor that was killed is replaced by a start, and the agent goes on', async () => {
  await using bench = openServiceBench(['crontab']);
  await bench.run('install');
  const before = (await bench.running())?.pid;
  const { supervisorPid } = await bench.service.look();
  process.kill(supervisorPid ?? 0, 'SIGKILL');
  await vi.waitUntil(() => !isRunning(supervisorPid ?? 0), asked);
  expect(await bench.service.look()).toMatchObject({
    isRunning: false,
    notes: [`the agent (pid ${before}) was not started by its service`],
  });
  await bench.run('start');
  expect(await bench.service.look()).toMatchObject({ isRunning: true, agentPid: before });
  await untilAnother(bench, await killAgent(bench));
  const after = (await bench.running())?.pid ?? 0;
  await bench.run('stop');
  expect(isRunning(after)).toBe(false);
});

test('service: what an agent is asked to end stays ended; a config that only a person can mend is not tried again', async () => {
  await using bench = openServiceBench(['crontab']);
  await bench.run('install');
  const { supervisorPid, agentPid } = await bench.service.look();
  process.kill(agentPid ?? 0, 'SIGTERM');
  await vi.waitUntil(() => !isRunning(supervisorPid ?? 0), asked);
  expect(await bench.service.look()).toMatchObject({ isRunning: false, agentPid: null });
  bench.tell('status', '2');
  await expect(bench.run('start')).rejects.toMatchObject({ code: 'SERVICE_START' });
  expect((await bench.service.look()).notes[0]).toContain('refuses to start (status 2)');
  bench.tell('status');
  await bench.run('start');
  expect(await bench.service.look()).toMatchObject({ isRunning: true, notes: [] });
});

test('service: one that gave up and is not gone yet is no answer to who starts it again', async () => {
  await using bench = openServiceBench(['crontab']);
  await bench.run('install');
  await bench.run('stop');
  const leaving = spawn('sleep', ['30']);
  const supervisor = nameProcess(leaving.pid ?? 0);
  const gaveUp = 'the agent refuses to start (status 2); see what it said above';
  saveSupervisorRecord(bench.home.directory, {
    ...{ supervisor, agent: undefined, quickCount: 0 },
    gaveUp,
  });
  try {
    await bench.run('start');
  } finally {
    leaving.kill('SIGKILL');
  }
  expect(await bench.service.look()).toMatchObject({ isRunning: true, notes: [] });
});

test('service: of two supervisors that are started at once one goes', async () => {
  await using bench = openServiceBench(['crontab']);
  await bench.run('install');
  await bench.run('stop');
  await Promise.all([bench.service.perform({ verb: 'start' }), bench.run('start')]);
  const listSupervisors = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        const words = readWords(pid);
        return words.includes('odally-supervisor') && words.includes(bench.home.directory);
      });
  await vi.waitUntil(() => listSupervisors().length === 1, asked);
  const { supervisorPid, isRunning: runs } = await bench.service.look();
  expect([runs, listSupervisors()]).toEqual([true, [String(supervisorPid)]]);
});

/** The words of a process; it may be gone by now. */
function readWords(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch (error) {
    if (error instanceof Error) return '';
    throw error;
  }
}

test('service: an agent that was adopted and ends as it was asked stays ended', async () => {
  await using bench = openServiceBench(['crontab']);
  await bench.run('install');
  const first = await bench.service.look();
  process.kill(first.supervisorPid ?? 0, 'SIGKILL');
  await vi.waitUntil(() => !isRunning(first.supervisorPid ?? 0), asked);
  await bench.run('start');
  const { supervisorPid, agentPid } = await bench.service.look();
  expect(agentPid).toBe(first.agentPid);
  process.kill(agentPid ?? 0, 'SIGTERM');
  await vi.waitUntil(() => !isRunning(supervisorPid ?? 0), asked);
  expect(await bench.service.look()).toMatchObject({ isRunning: false, agentPid: null });
});

test('service: an agent that ends as it was asked takes along who supervises it, whoever started it', async () => {
  await using bench = openServiceBench([]);
  const { directory } = bench.home;
  const script = fileURLToPath(new URL('plain-agent.ts', import.meta.url));
  const env = { HOME: bench.userHome, PATH: process.env.PATH, ODALLY_HOME: directory };
  const agent = spawn(process.execPath, [script, 'run', '--json'], {
    ...{ env, stdio: ['ignore', 'pipe', 'ignore'] },
  });
  await new Promise((resolve) => agent.stdout.once('data', resolve));
  const supervisor = spawn('sleep', ['600'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => supervisor.once('exit', (_, signal) => resolve(signal)));
  const gone = new Promise((resolve) => agent.once('exit', resolve));
  saveSupervisorRecord(directory, {
    supervisor: nameProcess(supervisor.pid ?? 0),
    agent: nameProcess(agent.pid ?? 0),
    ...{ quickCount: 0, gaveUp: undefined },
  });
  agent.kill('SIGTERM');
  expect([await gone, await ended]).toEqual([0, 'SIGTERM']);
});

test('service: a signal that is meant for an agent reaches no other process of its number', async () => {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  const pid = child.pid ?? 0;
  const { start } = nameProcess(pid);
  holdProcess({ pid, start: `${Number(start) - 1}` }).signal('SIGKILL');
  holdProcess({ pid, start }).signal('SIGTERM');
  expect(await ended).toBe('SIGTERM');
});

test('service: one that dies over and over is started again with pauses, and comes up when it can', async () => {
  await using bench = openServiceBench(['crontab']);
  bench.tell('status', '1');
  const start = bench.run('install');
  const log = () =>
    existsSync(bench.home.agentLog) ? readFileSync(bench.home.agentLog, 'utf8') : '';
  await vi.waitUntil(() => (log().match(/started again in/g)?.length ?? 0) >= 2, asked);
  bench.tell('status');
  expect((await start).status).toBe(0);
});

test('service: under launchd it is an agent of the user, with stop, start and remove', async () => {
  await using bench = openServiceBench(['launchctl', 'crontab'], { platform: 'darwin' });
  const plist = join(bench.userHome, 'Library/LaunchAgents/wally.odally.plist');
  await bench.run('install');
  expect(await bench.service.look()).toMatchObject({ kind: 'launchd', isRunning: true });
  await untilAnother(bench, await killAgent(bench));
  await bench.run('stop');
  expect(await bench.service.look()).toMatchObject({ isRunning: false, agentPid: null });
  expect(existsSync(plist)).toBe(true);
  await bench.run('start');
  expect((await bench.running())?.pid).toBeGreaterThan(0);
  await bench.run('remove');
  expect(existsSync(plist)).toBe(false);
  expect(await bench.service.look()).toMatchObject({ kind: 'none', agentPid: null });
});

test('service: an agent that was started by hand gives way to a unit, unless it holds work', async () => {
  await using bench = openServiceBench(systemd);
  await bench.run('install', '--kind=background');
  const { supervisorPid, agentPid } = await bench.service.look();
  process.kill(supervisorPid ?? 0, 'SIGKILL');
  await vi.waitUntil(() => !isRunning(supervisorPid ?? 0), asked);
  await bench.run('install', '--kind=systemd');
  expect(isRunning(agentPid ?? 0)).toBe(false);
  await using busy = openServiceBench(systemd);
  busy.tell('attempts', JSON.stringify([{ attempt: 'J1.1', state: 'running' }]));
  await busy.run('install', '--kind=background');
  const before = await busy.service.look();
  process.kill(before.supervisorPid ?? 0, 'SIGKILL');
  await vi.waitUntil(() => !isRunning(before.supervisorPid ?? 0), asked);
  const refused = busy.run('install', '--kind=systemd');
  await expect(refused).rejects.toMatchObject({ code: 'SERVICE_BUSY' });
  expect((await busy.running())?.pid).toBe(before.agentPid);
});

test('service: a home with an odd name is one word to systemd, to cron and to launchd', async () => {
  const homeName = `o'd 100% "x" $HOME`;
  await using unit = openServiceBench(systemd, { homeName });
  await unit.run('install');
  expect(await unit.service.look()).toMatchObject({ kind: 'systemd', isRunning: true });
  expect((await findServiceRecord(unit.home.directory))?.name).toMatch(/^odally-\w{8}\.service$/);
  await using label = openServiceBench(['launchctl'], { homeName, platform: 'darwin' });
  await label.run('install');
  expect(await label.service.look()).toMatchObject({ kind: 'launchd', isRunning: true });
  await using line = openServiceBench(['crontab'], { homeName });
  await line.run('install');
  expect(line.tools.crontab()).toContain(String.raw`o'\''d 100\% "x" $HOME`);
  await line.run('remove');
  expect(line.tools.crontab()).toBeUndefined();
});

test('service: without a pairing nothing is started, and a start says so', async () => {
  await using bench = openServiceBench(systemd);
  bench.tell('pairing.json');
  const { text, status } = await bench.run('install');
  expect({ status, isSaid: text.includes('not paired') }).toEqual({ status: 0, isSaid: true });
  expect(await bench.running()).toBeUndefined();
  await expect(bench.run('start')).rejects.toMatchObject({ code: 'PAIR_MISSING' });
});

test('service: a plan that is only shown touches nothing', async () => {
  await using bench = openServiceBench(systemd);
  const { text } = await bench.run('install', '--dry-run', '--kind=systemd');
  expect(text).toContain('systemctl --user enable odally.service');
  expect(existsSync(join(bench.userHome, '.config'))).toBe(false);
  expect(bench.tools.calls().filter((call) => /enable|start/.test(call))).toEqual([]);
  expect(await bench.running()).toBeUndefined();
});

test('service: a tool that fails says so in its own words, and what it left is removed', async () => {
  await using bench = openServiceBench(systemd);
  await bench.run('install');
  bench.tools.refuse('no-manager');
  await expect(bench.run('start')).rejects.toMatchObject({ code: 'SERVICE_TOOL' });
  const unit = join(bench.userHome, '.config/systemd/user/odally.service');
  await bench.run('remove');
  expect(existsSync(unit)).toBe(false);
});

test('service: the agent has the PATH of its person’s login shell', async () => {
  await using bench = openServiceBench(['crontab']);
  writeFileSync(join(bench.userHome, '.profile'), 'PATH=/opt/own/bin:$PATH\n');
  await bench.run('install');
  expect(await bench.running()).toMatchObject({
    env: { PATH: expect.stringContaining('/opt/own/bin:'), SHELL: '/bin/sh' },
  });
});
