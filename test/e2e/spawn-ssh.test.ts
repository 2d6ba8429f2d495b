/*
 * `wally spawn ssh`: a pool of hosts behind real OpenSSH servers, one box a host.
 *
 * The hosts are homes of their own on this machine, with throw-away keys; nothing of the machine's ssh is used.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BoxRow } from '../../cockpit/verbs/box-shapes.ts';
import type { JobDetail, TeamRow } from '../../cockpit/verbs/shapes.ts';
import { findNoSshd, openSshStage, type SshBox } from '../kit/ssh-box.ts';
import { openStage, type Stage } from './stage.ts';

const missing = findNoSshd();
if (missing !== undefined) console.warn(`spawn ssh: skipped, ${missing}`);

/** A Node of the box's own, as a program on its path. */
const ownNode = { node: `#!/bin/sh\nexec '${process.execPath}' "$@"\n` };

const sshMsMax = 120_000;

let stage: Stage;
let farm: readonly SshBox[];

beforeAll(async () => {
  if (missing !== undefined) return;
  stage = openStage();
  const ssh = openSshStage(stage.path('ssh'));
  const names = ['farm1', 'farm2'];
  farm = await Promise.all(names.map((name) => ssh.openBox(name, { programs: ownNode })));
  const lines = [
    `ssh.command = ${JSON.stringify(ssh.command)}`,
    `provider.ssh.hosts = ${JSON.stringify(names)}`,
  ];
  stage.configure(stage.home, `${lines.join('\n')}\n`);
  await stage.ask('up');
}, sshMsMax);

afterAll(() => stage?.close());

async function run(...words: readonly string[]): Promise<readonly BoxRow[]> {
  const result = await stage.wally([...words, '--wait', '--json'], { timeoutMs: sshMsMax });
  expect(result.status, result.stdout + result.stderr).toBe(0);
  return result.jsonLines<readonly BoxRow[]>().at(-1) ?? [];
}

const noteOf = (box: SshBox | undefined) => join(box?.home ?? '', '.wally-box');

describe.skipIf(missing !== undefined)('spawn ssh', { timeout: sshMsMax }, () => {
  test('a box is a host of the pool, noted on the host itself, and works', async () => {
    const [box] = await run('spawn', 'ssh');
    expect(box).toMatchObject({ name: 'alice', state: 'ready', id: 'farm1' });
    expect(readFileSync(noteOf(farm[0]), 'utf8')).toBe(`${box?.tag}\n`);
    const [row] = await stage.ask<TeamRow[]>('team');
    expect(row).toMatchObject({ name: 'alice', provider: 'ssh', link: 'direct' });
    const job = await stage.ask<JobDetail>('dispatch', '--wait', '--', 'echo "$HOME"');
    expect(job).toMatchObject({ outcome: 'succeeded', worker: 'alice' });
  });

  test('one box a host: beyond the last it is refused', async () => {
    const result = await stage.wally(['spawn', 'ssh', '--count', '2', '--json']);
    expect(result.status).toBe(4);
    expect(result.stdout).toContain('SPAWN_FULL');
    expect(await run('spawn', 'ssh')).toMatchObject([{ name: 'bob', id: 'farm2' }]);
  });

  test('a host is given back as it was: no agent, no home, no note; then another box gets it', async () => {
    expect(await run('release', 'alice')).toMatchObject([{ name: 'alice', state: 'over' }]);
    expect(existsSync(noteOf(farm[0]))).toBe(false);
    expect(existsSync(farm[0]?.odallyHome ?? '/')).toBe(false);
    const left = stage.homes
      .listProcesses()
      .filter((pid) =>
        readFileSync(`/proc/${pid}/environ`, 'utf8').includes(farm[0]?.odallyHome ?? '?'),
      );
    expect(left).toEqual([]);
    expect(await run('spawn', 'ssh')).toMatchObject([{ id: 'farm1', state: 'ready' }]);
  });
});
