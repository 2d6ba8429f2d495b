/*
 * An agent leaves its box: over a real OpenSSH server, over its own link, and with no hub to tell.
 *
 * It refuses while work would be lost, and where it leaves nothing of it stays: no file, no process, no trust.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { UninstallAnswer } from '../../cockpit/fleet/uninstall.ts';
import type { EventRow, TeamRow } from '../../cockpit/verbs/shapes.ts';
import { findNoSshd, openSshStage } from '../kit/ssh-box.ts';
import { findProcesses } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';

const missing = findNoSshd();
if (missing !== undefined) console.warn(`uninstall: skipped over ssh, ${missing}`);

const ownNode = { node: `#!/bin/sh\nexec '${process.execPath}' "$@"\n` };
const asked = { timeout: 60_000, interval: 50 };
const longMs = 180_000;

interface Refusal {
  readonly error: { readonly code: string; readonly message: string };
}

async function untilGone(home: string): Promise<void> {
  await vi.waitUntil(() => !existsSync(home) && findProcesses(home).length === 0, asked);
}

function uninstall(stage: Stage, ...args: readonly string[]) {
  return stage.wally(['uninstall', ...args, '--json'], { timeoutMs: longMs });
}

describe.skipIf(missing !== undefined)('uninstall over ssh', () => {
  test(
    'uninstall: it refuses with what would be lost, leaves when that is given up, and nothing of it stays',
    async () => {
      await using stage = openStage();
      const ssh = openSshStage(stage.path('ssh'));
      stage.configure(stage.home, `[ssh]\ncommand = ${JSON.stringify(ssh.command)}\n`);
      await stage.ask('up');
      const box = await ssh.openBox('box', { programs: ownNode });
      const install = await stage.wally(['install', 'box', '--name', 'boxy'], {
        timeoutMs: longMs,
      });
      expect(install.status, install.stderr).toBe(0);
      const { id } = await stage.dispatch('echo begun; sleep 300', '--on', 'boxy');
      await stage.untilStarted(id);
      const refused = await uninstall(stage, 'boxy');
      expect({ status: refused.status, ...refused.json<Refusal>() }).toMatchObject({
        status: 4,
        error: { code: 'LEAVE_OWED', message: expect.stringContaining(`${id}.1 (running)`) },
      });
      const plan = await uninstall(stage, 'boxy', '--discard', id, '--dry-run');
      expect(plan.json<UninstallAnswer>()).toMatchObject({
        as: 'would',
        discarded: [{ attempt: `${id}.1`, what: 'running' }],
      });
      await stage.untilWorker('boxy', ({ state }) => state === 'working');
      // Somebody's own file, in the middle of ours.
      mkdirSync(join(box.odallyHome, 'notes'));
      const result = await uninstall(stage, 'boxy', '--discard', id);
      expect(result.status, result.stdout + result.stderr).toBe(0);
      expect(result.json<UninstallAnswer>()).toMatchObject({
        as: 'left',
        by: 'ssh',
        left: ['notes'],
      });
      expect(readdirSync(box.odallyHome)).toEqual(['notes']);
      await vi.waitUntil(() => findProcesses(box.odallyHome).length === 0, asked);
      expect(await stage.ended(id)).toMatchObject({ outcome: 'cancelled' });
      expect((await stage.wally(['logs', id])).stdout).toBe('begun\n');
      expect(await stage.ask<TeamRow[]>('team')).toEqual([]);
      expect(await stage.ask<EventRow[]>('events', '--kind', 'worker-left')).toHaveLength(1);
      expect((await uninstall(stage, 'boxy')).json()).toMatchObject({
        error: { code: 'WORKER_REVOKED' },
      });
    },
    longMs,
  );
});

describe('uninstall without ssh', () => {
  test(
    'uninstall: an agent that only its link reaches leaves at its hub’s word',
    async () => {
      await using stage = openStage();
      await stage.ask('up');
      const { name } = await stage.join('box');
      const home = stage.homes.agent('box').ODALLY_HOME ?? '';
      const { id } = await stage.dispatch('sleep 300', '--on', name);
      await stage.untilStarted(id);
      const refused = await uninstall(stage, name);
      expect(refused.json()).toMatchObject({ error: { code: 'LEAVE_OWED' } });
      const result = await uninstall(stage, name, '--discard', 'all');
      expect(result.json()).toMatchObject({ as: 'left', by: 'link' });
      await untilGone(home);
      expect(await stage.ask<TeamRow[]>('team')).toEqual([]);
      expect(await stage.ask<EventRow[]>('events', '--kind', 'worker-left')).toHaveLength(1);
      expect(await stage.ended(id)).toMatchObject({ outcome: 'cancelled' });
    },
    longMs,
  );

  test(
    'leave: without a hub it goes too, says that it could not be told, and keeps what is owed unless that is given up',
    async () => {
      await using stage = openStage();
      await stage.ask('up');
      const { name } = await stage.join('box');
      const home = stage.homes.agent('box').ODALLY_HOME ?? '';
      const gate = await stage.gate('late');
      const { id } = await stage.dispatch(gate.wait, '--on', name);
      await stage.untilStarted(id);
      await stage.ask('down');
      await gate.open();
      const owed = { code: 'LEAVE_OWED', message: expect.stringContaining(`${id}.1`) };
      await vi.waitUntil(async () => {
        const status = await stage.odally('box', ['status', '--json']);
        return status.stdout.includes('"state":"finished"');
      }, asked);
      const refused = await stage.odally('box', ['leave', '--json'], { timeoutMs: longMs });
      expect(refused.json()).toMatchObject({ error: owed });
      // It goes on as before.
      expect((await stage.odally('box', ['status', '--json'])).json()).toMatchObject({
        draining: null,
      });
      const left = await stage.odally('box', ['leave', '--discard', id, '--json'], {
        timeoutMs: longMs,
      });
      expect(left.json()).toMatchObject({
        as: 'left',
        isTold: false,
        discarded: [{ attempt: `${id}.1`, what: 'report' }],
      });
      await untilGone(home);
    },
    longMs,
  );

  test('leave: a directory that is no agent’s home is not touched, whoever names it', async () => {
    await using stage = openStage();
    const home = stage.homes.folder('home');
    writeFileSync(join(home, 'odally.key'), 'mine');
    for (const named of [home, '/', stage.homes.folder('empty')]) {
      const result = await stage.odally('box', ['leave', '--discard', 'all', '--json'], {
        env: { ODALLY_HOME: named },
      });
      expect(result.json(), named).toMatchObject({ error: { code: 'LEAVE_HOME' } });
    }
    expect(readdirSync(home)).toEqual(['odally.key']);
  });

  test(
    'leave: where no agent runs, what its home still holds is refused as well',
    async () => {
      await using stage = openStage();
      await stage.ask('up');
      const { name } = await stage.join('box');
      const { id } = await stage.dispatch('sleep 300', '--on', name);
      await stage.untilStarted(id);
      await stage.ask('down');
      await stage.odally('box', ['stop']);
      const home = stage.homes.agent('box').ODALLY_HOME ?? '';
      await vi.waitUntil(() => findProcesses(home).length === 0, asked);
      const refused = await stage.odally('box', ['leave', '--json']);
      expect(refused.json()).toMatchObject({
        error: { code: 'LEAVE_OWED', message: expect.stringContaining(`${id}.1 (report)`) },
      });
      const left = await stage.odally('box', ['leave', '--discard', 'all', '--json']);
      expect(left.json()).toMatchObject({ as: 'left', isTold: false });
      expect(existsSync(home)).toBe(false);
    },
    longMs,
  );
});
