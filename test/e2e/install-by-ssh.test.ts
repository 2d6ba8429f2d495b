/*
 * `wally install` where no UDP leads from the box to the hub: it pairs, is served, and works over ssh alone.
 *
 * The hub names an address at which nobody listens, as seen from behind a firewall that drops UDP.
 */
import { expect, test } from 'vitest';
import type { TeamRow } from '../../cockpit/verbs/shapes.ts';
import { findNoSshd, openSshStage } from '../kit/ssh-box.ts';
import { openStage } from './stage.ts';

const missing = findNoSshd();
const reason = missing ?? 'sshd is here';

test.skipIf(missing !== undefined)(
  `install: a box that no UDP leaves is paired, served and worked on over ssh alone (${reason})`,
  async () => {
    await using stage = openStage();
    const ssh = openSshStage(stage.path('ssh'));
    const swarm = '[swarm]\nadvertise = ["127.0.0.9"]\n';
    stage.configure(stage.home, `${swarm}[ssh]\ncommand = ${JSON.stringify(ssh.command)}\n`);
    await stage.ask('up');
    const box = await ssh.openBox('shut', {
      programs: { node: `#!/bin/sh\nexec '${process.execPath}' "$@"\n` },
    });
    const result = await stage.wally(['install', box.target, '--json'], { timeoutMs: 100_000 });
    expect(result.status, result.stdout + result.stderr).toBe(0);
    expect(result.jsonLines().at(-1)).toMatchObject({ name: 'alice', link: 'ssh' });
    const { id } = await stage.dispatch('echo by ssh; exit 2');
    expect(await stage.ended(id)).toMatchObject({ outcome: 'failed', exitCode: 2 });
    expect((await stage.wally(['logs', id, '-f'])).stdout).toBe('by ssh\n');
    const [alice] = await stage.ask<readonly TeamRow[]>('team');
    expect(alice).toMatchObject({ link: 'ssh', linkReason: null });
  },
  120_000,
);
