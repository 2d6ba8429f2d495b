/*
 * `wally install` onto boxes behind a real OpenSSH server: an agent comes up where there was not even a Node,
 * and every way in which that can go wrong leaves the box as it was, or fit to be done again.
 *
 * The boxes are homes of their own on this machine, with throw-away keys; nothing of the machine's ssh is used.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { EventRow, InviteShape, TeamRow } from '../../cockpit/verbs/shapes.ts';
import type { VerbResult } from '../kit/processes.ts';
import { findNoSshd, openSshStage, type SshBox, type SshStage } from '../kit/ssh-box.ts';
import { openStage, type Stage } from './stage.ts';

const missing = findNoSshd();
if (missing !== undefined) console.warn(`install: skipped, ${missing}`);

/** A Node of the box's own, as a program on its path. */
const ownNode = { node: `#!/bin/sh\nexec '${process.execPath}' "$@"\n` };

/** Sending a runtime takes seconds on a machine that does other things too. */
const installMsMax = 120_000;

let stage: Stage;
let ssh: SshStage;
let box: SshBox;

beforeAll(async () => {
  if (missing !== undefined) return;
  stage = openStage();
  ssh = openSshStage(stage.path('ssh'));
  stage.configure(stage.home, `[ssh]\ncommand = ${JSON.stringify(ssh.command)}\n`);
  await stage.ask('up');
  box = await ssh.openBox('bare');
});

afterAll(() => stage?.close());

const install = (...args: readonly string[]): Promise<VerbResult> =>
  stage.wally(['install', ...args], { timeoutMs: installMsMax });

/** The install’s answer; it must go well. */
async function installed(...args: readonly string[]) {
  const result = await install(...args, '--json');
  expect(result.status, result.stdout + result.stderr).toBe(0);
  return result.jsonLines<Record<string, unknown>>();
}

/** The code by which an install ended, and its exit status. */
async function refused(...args: readonly string[]) {
  const result = await install(...args, '--json');
  const last = result.jsonLines<{ error?: { code: string; message: string } }>().at(-1);
  return { status: result.status, ...last?.error };
}

/** Everything below a folder, the agent’s own data left out. */
function listAll(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true }).map(String);
}

const steps = (lines: readonly Record<string, unknown>[], state: string) =>
  lines.filter((line) => line.state === state).map((line) => line.step);

describe.skipIf(missing !== undefined)('install', { timeout: installMsMax }, () => {
  test('install: a dry run looks, prints the plan, and changes nothing', async () => {
    const { status, stdout } = await install('bare', '--dry-run', '--name', 'boxy');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\+ {2}box .*no Node$/m);
    expect(stdout).toMatch(/^\+ {2}Node +bring node-\S+, \d+ MiB$/m);
    expect(stdout).toMatch(/^\+ {2}pairing +pair it as boxy$/m);
    expect(readdirSync(box.home)).toEqual([]);
    expect(await stage.ask('team')).toEqual([]);
  });

  test('install: a box without Node is paired, kept up, seen, and runs a job', async () => {
    const lines = await installed('bare', '--name', 'boxy');
    const done = ['probe', 'runtime', 'agent', 'pairing', 'service', 'link', 'doctor'];
    expect(steps(lines, 'done')).toEqual(done);
    expect(lines.at(-1)).toMatchObject({
      target: 'bare',
      name: 'boxy',
      home: box.odallyHome,
      service: 'background',
      link: 'direct',
      findings: [],
    });
    const job = await stage.ask<{ outcome: string; attempts: { worker: string }[] }>(
      ...['dispatch', '--wait', '--artifact', 'who', '--'],
      'pwd; command -v node || echo none > who',
    );
    expect(job).toMatchObject({ outcome: 'succeeded', worker: 'boxy' });
    const events = await stage.ask<EventRow[]>('events', '--kind', 'worker-installed');
    expect(events).toHaveLength(1);
  });

  test('install: again there is nothing to do, and the agent that runs is left alone', async () => {
    const pid = () => box.run(`${box.odallyHome}/bin/odally status --json`);
    const before = JSON.parse((await pid()).out) as { pid: number };
    const lines = await installed('bare');
    expect(steps(lines, 'skipped')).toEqual(
      expect.arrayContaining(['runtime', 'agent', 'pairing']),
    );
    expect(JSON.parse((await pid()).out)).toMatchObject({ pid: before.pid });
    const events = await stage.ask<EventRow[]>('events', '--kind', 'worker-installed');
    expect(events).toHaveLength(1);
    expect(await stage.ask<TeamRow[]>('team')).toHaveLength(1);
  });

  test('install: bytes that were changed on the box are found and replaced', async () => {
    const version = readdirSync(join(box.odallyHome, 'versions')).find(
      (name) => !name.includes('.r'),
    );
    const file = join(box.odallyHome, 'versions', String(version), 'odally-guard.js');
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, `${whole}// changed`);
    const lines = await installed('bare');
    expect(steps(lines, 'done')).toContain('agent');
    expect(readFileSync(file, 'utf8')).toBe(whole);
  });

  test('install: another name for it, and a name that is taken, are refused before anything', async () => {
    expect(await refused('bare', '--name', 'other')).toMatchObject({
      status: 4,
      code: 'INSTALL_NAME',
    });
    const fresh = await ssh.openBox('fresh', { programs: ownNode });
    expect(await refused('fresh', '--name', 'boxy')).toMatchObject({
      status: 4,
      code: 'WORKER_NAME_TAKEN',
    });
    expect(await refused('fresh', '--name', 'No Name')).toMatchObject({ code: 'WORKER_NAME' });
    expect(readdirSync(fresh.home)).toEqual([]);
    await fresh.close();
  });

  test('install: a box that was revoked is let in again, under its name', async () => {
    const before = await stage.ask<TeamRow[]>('team');
    await stage.ask('team', 'revoke', 'boxy');
    const lines = await installed('bare');
    expect(steps(lines, 'done')).toContain('pairing');
    expect(lines.at(-1)).toMatchObject({ name: 'boxy', key: before[0]?.key, link: 'direct' });
  });

  test('install: from the cockpit, i in the team and the box; its steps come where it was typed', async () => {
    const screen = stage.screen({ columns: 120, rows: 36 });
    await screen.until(/boxy/);
    screen.press('1i');
    await screen.until(/:install/);
    screen.press('bare\r');
    await screen.until(/= {2}Node .*is there/);
    await screen.until(/boxy is on/, installMsMax);
    await screen.close();
  });

  test('install: a box with a Node of its own needs no other', async () => {
    const own = await ssh.openBox('own', { programs: ownNode });
    const lines = await installed('own');
    expect(steps(lines, 'skipped')).toEqual(['runtime']);
    expect(readdirSync(own.odallyHome)).not.toContain('runtime');
    const name = String(lines.at(-1)?.name);
    const job = await stage.ask('dispatch', '--on', name, '--wait', '--', 'echo $HOME');
    expect(job).toMatchObject({ outcome: 'succeeded' });
  });
});

describe.skipIf(missing !== undefined)('install: shut doors', { timeout: installMsMax }, () => {
  test('install: bytes that were changed on the way are refused, and nothing stays', async () => {
    // Its gzip stands in for whatever changes bytes between here and there.
    const gzip = `#!/bin/sh\n/usr/bin/gzip "$@" | sed 's/createRequire/createRequite/'\n`;
    const tampered = await ssh.openBox('tampered', { programs: { ...ownNode, gzip } });
    expect(await refused('tampered')).toMatchObject({ status: 1, code: 'INSTALL_TAMPERED' });
    expect(listAll(tampered.odallyHome)).toEqual(['versions']);
    await tampered.close();
  });

  test('install: a host whose key was never accepted is refused', async () => {
    const stranger = await ssh.openBox('stranger', { isStranger: true });
    const end = await refused('stranger');
    expect(end).toMatchObject({ status: 4, code: 'SSH_HOST_KEY' });
    expect(readdirSync(stranger.home)).toEqual([]);
    await stranger.close();
  });

  test('install: a box that lets nobody in, and one that is not there, are told apart', async () => {
    const shut = await ssh.openBox('shut', { isShut: true });
    expect(await refused('shut')).toMatchObject({ status: 4, code: 'SSH_AUTH' });
    await shut.close();
    expect(await refused('shut')).toMatchObject({ status: 5, code: 'SSH_UNREACHABLE' });
    expect(await refused('-oProxyCommand=x')).toMatchObject({ status: 2 });
  });

  test('install: a box that lacks a tool says which, before anything is done', async () => {
    const bare = await ssh.openBox('toolless', { without: ['sha256sum', 'shasum', 'gzip'] });
    const end = await refused('toolless');
    expect(end).toMatchObject({ status: 4, code: 'INSTALL_TOOLS' });
    expect(end.message).toContain('gzip, sha256sum');
    expect(readdirSync(bare.home)).toEqual([]);
    await bare.close();
  });

  test('join: a code that is over, or was used, lets nobody in', async () => {
    const join = (code: string, home: string) =>
      box.run(
        `echo ${code} | ODALLY_HOME=$HOME/${home} ${box.odallyHome}/bin/odally join - --only --json`,
      );
    const short = await stage.ask<InviteShape>('invite', '--ttl', '1s');
    await vi.waitUntil(() => Date.now() > Date.parse(short.expiresAt), { timeout: 5000 });
    const late = await join(short.code, 'late');
    expect(JSON.parse(late.out)).toMatchObject({ error: { code: 'INVITE_EXPIRED' } });
    const once = await stage.ask<InviteShape>('invite');
    expect(JSON.parse((await join(once.code, 'first')).out)).toHaveProperty('name');
    const again = await join(once.code, 'second');
    expect(JSON.parse(again.out)).toMatchObject({ error: { code: 'INVITE_USED' } });
  });
});

describe.skipIf(missing !== undefined)('install: cut off', { timeout: installMsMax }, () => {
  /** A gzip that says when the first bytes are there, and takes them so slowly that they never end. */
  const slow = `#!/bin/sh
: > "$HOME/began"
while [ "$(head -c 65536 | wc -c)" -gt 0 ]; do sleep 1; done
exit 1
`;

  test('install: ctrl-c in the middle leaves nothing on the box, and says so', async () => {
    const left = await ssh.openBox('left', { programs: { ...ownNode, gzip: slow } });
    const run = stage.startWally(['install', 'left']);
    await vi.waitUntil(() => existsSync(join(left.home, 'began')), { timeout: 20_000 });
    run.signal('SIGINT');
    expect(await run.result).toMatchObject({ status: 1 });
    expect(run.stderr).toContain('INSTALL_LEFT');
    const isClean = () => listAll(left.odallyHome).join() === 'versions';
    await vi.waitUntil(isClean, { timeout: 20_000 });
    const [event] = await stage.ask<EventRow[]>(
      'events',
      '--kind',
      'install-failed',
      '--limit',
      '1',
    );
    expect(event?.text).toContain('left');
    await left.close();
  });

  test('install: a box that went down in the middle is done by running it again', async () => {
    const cut = await ssh.openBox('cut', { programs: { ...ownNode, gzip: slow } });
    const run = stage.startWally(['install', 'cut', '--name', 'cutty']);
    await vi.waitUntil(() => existsSync(join(cut.home, 'began')), { timeout: 20_000 });
    cut.endSessions();
    const { status } = await run.result;
    expect(status).not.toBe(0);
    expect(run.stderr).toMatch(/SSH_\w+/);
    expect(readdirSync(join(cut.odallyHome, 'versions'))[0]).toMatch(/^\.incoming-/);
    rmSync(join(cut.bin, 'gzip'));
    const gzip = readFileSync('/usr/bin/gzip');
    writeFileSync(join(cut.bin, 'gzip'), gzip, { mode: 0o755 });
    const lines = await installed('cut', '--name', 'cutty');
    expect(lines.at(-1)).toMatchObject({ name: 'cutty', link: 'direct' });
    const versions = readdirSync(join(cut.odallyHome, 'versions'));
    expect(versions.filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe.skipIf(missing !== undefined)('install: no UDP', { timeout: installMsMax }, () => {
  test('install: a box that does not reach the hub is paired and linked over ssh', async () => {
    await using far = openStage();
    const way = openSshStage(far.path('ssh'));
    // Where invites say that the hub is, nobody answers.
    const config = `[ssh]\ncommand = ${JSON.stringify(way.command)}\n[swarm]\nadvertise = ["127.0.0.9"]\n`;
    far.configure(far.home, config);
    await far.ask('up');
    await way.openBox('behind', { programs: ownNode });
    const run = await far.wally(['install', 'behind', '--name', 'wall', '--json'], {
      timeoutMs: installMsMax,
    });
    expect(run.status, run.stdout).toBe(0);
    expect(run.jsonLines().at(-1)).toMatchObject({ name: 'wall', link: 'ssh', findings: [] });
    expect(await far.ask('dispatch', '--wait', '--', 'true')).toMatchObject({ worker: 'wall' });
  });
});
