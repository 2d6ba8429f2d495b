/*
 * `wally upgrade` onto boxes behind a real OpenSSH server: another version takes over while a job runs, and
 * one that does not come up is taken back.
 *
 * Another version is a copy of dist whose odally.js differs; the hub is started from it.
 */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { UpgradeRow } from '../../cockpit/fleet/upgrade.ts';
import type { EventRow, JobDetail, TeamRow } from '../../cockpit/verbs/shapes.ts';
import { type ChangeText, copyDist } from '../kit/other-dist.ts';
import { startScript } from '../kit/processes.ts';
import { findNoSshd, openSshStage, type SshBox } from '../kit/ssh-box.ts';
import { findProcesses } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';

const missing = findNoSshd();
if (missing !== undefined) console.warn(`upgrade: skipped, ${missing}`);

/** A Node of the box's own: sending one is what the tests of `install` look at. */
const ownNode = { node: `#!/bin/sh\nexec '${process.execPath}' "$@"\n` };

const upgradeMsMax = 180_000;

let stage: Stage;
let box: SshBox;

beforeAll(async () => {
  if (missing !== undefined) return;
  stage = openStage();
  const ssh = openSshStage(stage.path('ssh'));
  stage.configure(stage.home, `[ssh]\ncommand = ${JSON.stringify(ssh.command)}\n`);
  await stage.ask('up');
  box = await ssh.openBox('box', { programs: ownNode });
  const result = await stage.wally(['install', 'box', '--name', 'boxy', '--json'], {
    timeoutMs: upgradeMsMax,
  });
  expect(result.status, result.stdout + result.stderr).toBe(0);
}, upgradeMsMax);

afterAll(() => stage?.close());

const current = () => basename(readlinkSync(join(box.odallyHome, 'current')));
const status = async () =>
  JSON.parse((await box.run(`${box.odallyHome}/bin/odally status --json`)).out) as {
    readonly build: string;
    readonly pid: number;
  };

/** Starts the hub again, from a dist whose agent differs; its version's name comes with the first upgrade. */
async function startFrom(name: string, change: ChangeText): Promise<void> {
  await stage.ask('down');
  const file = copyDist(stage.path(name), change);
  await using up = startScript({ file, args: ['up'], env: stage.homes.hub() });
  const { status: code, stderr } = await up.result;
  expect(code, stderr).toBe(0);
  await stage.untilWorker('boxy', ({ state }) => state === 'idle');
}

function upgrade(...args: readonly string[]) {
  return stage.wally(['upgrade', ...args, '--json'], { timeoutMs: upgradeMsMax });
}

const lastRows = (result: Awaited<ReturnType<typeof upgrade>>) =>
  result.jsonLines<readonly UpgradeRow[]>().at(-1) ?? [];

/** Speaks a version of the protocol more; hub and agent of one dist share that chunk. */
const newerProtocol: ChangeText = (text) => text.replace(/\bprotocolMax = 1\b/, 'protocolMax = 2');

/** The same, with a first line of odally.js's own. */
const newerWith =
  (line: string): ChangeText =>
  (text, path) =>
    path === 'odally.js' ? text.replace(/^(#!.*\n)/, `$1${line}`) : newerProtocol(text, path);

describe.skipIf(missing !== undefined)('upgrade', { timeout: upgradeMsMax }, () => {
  test('upgrade: what serves already is left alone, also by a hub of a newer protocol, and a plan does nothing', async () => {
    const before = await status();
    expect(lastRows(await upgrade('boxy'))).toMatchObject([{ name: 'boxy', as: 'current' }]);
    await startFrom('dist-2', newerProtocol);
    const [planned] = lastRows(await upgrade('--all', '--dry-run'));
    expect(planned).toMatchObject({ as: 'planned', from: current() });
    expect(readdirSync(join(box.odallyHome, 'versions'))).not.toContain(planned?.to);
    expect(await status()).toMatchObject({ pid: before.pid });
    const job = await stage.ask<JobDetail>('dispatch', '--wait', '--on', 'boxy', '--', 'echo one');
    expect(job.outcome).toBe('succeeded');
  });

  test('upgrade: a job that runs through it ends as itself with all it said; the next runs on the new version', async () => {
    const before = await status();
    const gate = await stage.gate('long');
    const long = await stage.dispatch(
      `echo begun; ${gate.wait}; echo "$go"; exit 7`,
      '--on',
      'boxy',
    );
    await stage.untilStarted(long.id);
    const upgrading = upgrade('boxy');
    await stage.untilWorker('boxy', ({ state }) => state === 'draining');
    const next = await stage.dispatch('echo next', '--on', 'boxy');
    await stage.untilJob(next.id, ({ state }) => state === 'accepted');
    await gate.open();
    const result = await upgrading;
    expect(result.status, result.stdout + result.stderr).toBe(0);
    const [row] = lastRows(result);
    expect(row).toMatchObject({ as: 'done', from: before.build, to: current() });
    expect(await stage.ended(long.id)).toMatchObject({
      outcome: 'failed',
      exitCode: 7,
      attemptCount: 1,
    });
    expect((await stage.wally(['logs', long.id])).stdout).toBe('begun\ngo\n');
    expect(await stage.ended(next.id)).toMatchObject({ outcome: 'succeeded', attemptCount: 1 });
    expect(await status()).toMatchObject({ build: row?.to });
    const [event] = await stage.ask<EventRow[]>('events', '--kind', 'worker-upgraded');
    expect(event?.text).toBe(`boxy went from ${row?.from} to ${row?.to}`);
    expect(basename(readlinkSync(join(box.odallyHome, 'previous')))).toBe(before.build);
  });

  test('upgrade: one that cannot even check itself changes nothing', async () => {
    const before = await status();
    const broken = "if (process.argv[2] === 'self-check') process.exit(3);\n";
    await startFrom('dist-3', newerWith(broken));
    const result = await upgrade('boxy');
    expect({ status: result.status, rows: lastRows(result) }).toMatchObject({
      status: 1,
      rows: [{ as: 'failed', code: 'UPGRADE_CHECK' }],
    });
    expect(await status()).toMatchObject({ pid: before.pid });
  });

  test('upgrade: one that does not come up is taken back, and the box works on', async () => {
    const before = await status();
    // It starts and never serves: neither a crash nor an error gives it away.
    const deaf =
      "if (process.argv[2] === 'run') await new Promise((r) => setTimeout(r, 3_600_000));\n";
    await startFrom('dist-4', newerWith(deaf));
    const waiting = await stage.gate('waits');
    const held = await stage.dispatch(waiting.wait, '--on', 'boxy');
    await stage.untilStarted(held.id);
    const upgrading = upgrade('boxy');
    await stage.untilWorker('boxy', ({ state }) => state === 'draining');
    const after = await stage.dispatch('echo after', '--on', 'boxy');
    await waiting.open();
    const result = await upgrading;
    expect({ status: result.status, rows: lastRows(result) }).toMatchObject({
      status: 1,
      rows: [{ as: 'rolled-back', code: 'UPGRADE_ROLLED_BACK' }],
    });
    expect(current()).toBe(before.build);
    expect(await status()).toMatchObject({ build: before.build });
    for (const { id } of [held, after])
      expect(await stage.ended(id)).toMatchObject({ outcome: 'succeeded', attemptCount: 1 });
    const [event] = await stage.ask<EventRow[]>('events', '--kind', 'upgrade-rolled-back');
    expect(event?.text).toContain('boxy went back from');
    expect(await stage.ask<TeamRow[]>('team')).toMatchObject([{ name: 'boxy', link: 'direct' }]);
  });

  test('upgrade: a box that goes down before that is decided goes back by itself when it starts', async () => {
    const before = await status();
    await startFrom('dist-5', newerWith("if (process.argv[2] === 'run') process.exit(1);\n"));
    const upgrading = upgrade('boxy');
    await vi.waitUntil(() => current() !== before.build, { timeout: 60_000, interval: 20 });
    // Whoever began it has his answer: without one he would ask for it, which takes the change up again too.
    await vi.waitUntil(() => !findProcesses(box.odallyHome).some(isBeginning), { timeout: 30_000 });
    for (const pid of findProcesses(box.odallyHome)) process.kill(pid, 'SIGKILL');
    // What the box's start does, by its line in the crontab.
    const started = await box.run(`${box.odallyHome}/bin/odally service start --json`);
    expect(started).toMatchObject({ code: 1, out: expect.stringContaining('SERVICE_START') });
    const result = await upgrading;
    expect({ status: result.status, rows: lastRows(result) }).toMatchObject({
      status: 1,
      rows: [{ as: 'rolled-back', code: 'UPGRADE_ROLLED_BACK' }],
    });
    expect(await status()).toMatchObject({ build: before.build });
    expect(current()).toBe(before.build);
  });

  test('upgrade: an agent of a newer protocol than its hub works for it all the same', async () => {
    await stage.ask('down');
    await stage.ask('up');
    await stage.untilWorker('boxy', ({ state }) => state === 'idle');
    const gate = await stage.gate('skew');
    const { id } = await stage.dispatch(`${gate.wait}; echo "$go"`, '--on', 'boxy');
    await stage.untilStarted(id);
    await gate.open();
    expect(await stage.ended(id)).toMatchObject({ outcome: 'succeeded', attemptCount: 1 });
    expect((await stage.wally(['logs', id])).stdout).toBe('go\n');
  });

  test('upgrade: a version whose files were changed on the box is not run', async () => {
    const versions = join(box.odallyHome, 'versions');
    const other = readdirSync(versions).find((name) => /-\w{12}$/.test(name) && name !== current());
    const file = join(versions, other ?? '', 'odally-guard.js');
    writeFileSync(file, `${readFileSync(file, 'utf8')}// changed`);
    const { out, code } = await box.run(`${box.odallyHome}/bin/odally upgrade ${other} --json`);
    expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({
      code: 4,
      error: { code: 'VERSION_TAMPERED' },
    });
    const job = await stage.ask<JobDetail>('dispatch', '--wait', '--on', 'boxy', '--', 'true');
    expect(job.outcome).toBe('succeeded');
  });
});

/** Is it the command by which the hub begins a change of version, or the login shell that runs it? */
function isBeginning(pid: number): boolean {
  try {
    return /\bupgrade\b.*--background/s.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
  } catch {
    return false;
  }
}
