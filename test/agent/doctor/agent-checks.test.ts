/*
 * The checks of an agent on homes of its own; processes and directories are real.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LiveAgent } from '../../../agent/doctor/agent-round.ts';
import { openDoctor } from '../../../agent/doctor/doctor.ts';
import { type AgentHome, findAgentHome, savePairing } from '../../../agent/home.ts';
import type { DoctorMode } from '../../../protocol/doctor.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { soundDisk } from '../../../store/disk-guard.ts';
import { openStore } from '../../../store/format.ts';
import { quarantineKey } from '../../../store/keys.ts';
import type { Kv } from '../../../store/kv.ts';
import { openLevelKv } from '../../../store/open.ts';
import { noService } from '../../kit/no-service.ts';
import { bareBox } from '../../store/doctor/fake-box.ts';
import { createDirectory } from '../../store/place.ts';
import { soundLink } from './agent-patient.ts';

const ports = openSystemPorts();
const hub = 'ab'.repeat(32);
const guard: LiveAgent['guard'] = { is: 'none', leaseCount: 0, pid: null };

let home: AgentHome;
let remove: () => Promise<void>;
let kv: Kv;
let storeId: string;
let live: LiveAgent | undefined;

beforeEach(async () => {
  const place = await createDirectory();
  remove = place.remove;
  home = findAgentHome(place.path);
  kv = await openLevelKv(home.store);
  ({ storeId } = await openStore(kv, ports.random));
  live = { ...soundLink, kv, health: soundDisk.health, storeId, held: [], trouble: null, guard };
  await savePairing(home, { hub, name: 'alice', addresses: [], rendezvous: [] }, 1);
});

afterEach(async () => {
  await kv.close();
  await remove();
});

async function diagnose(mode: DoctorMode = 'look') {
  const { findings, fixed } = await openDoctor(
    {
      home,
      live: () => live,
      isSilent: false,
      ports,
      box: bareBox,
      start: async () => undefined,
      service: noService,
    },
    () => undefined,
  )({ mode });
  return { findings: findings.map(({ id }) => id), fixed: fixed.map(({ id }) => id) };
}

describe('doctor of an agent', () => {
  test('agent: one that serves and holds nothing has no finding', async () => {
    expect(await diagnose()).toEqual({ findings: [], fixed: [] });
  });

  test('agent-down: a home on which none runs is judged by its files', async () => {
    await kv.close();
    live = undefined;
    await mkdir(join(home.work, 'J1.1'), { recursive: true });
    expect((await diagnose()).findings).toEqual(['work-leftovers', 'agent-down']);
  });

  test('agent-down: a store that somebody holds is left alone', async () => {
    live = undefined;
    expect((await diagnose()).findings).toEqual(['store-locked', 'agent-down']);
  });

  test('hub-refused: an agent that may not serve its hub says why', async () => {
    live = {
      ...soundLink,
      kv,
      health: soundDisk.health,
      storeId,
      held: [],
      trouble: 'PEER_REGRESSED',
      guard,
    };
    expect((await diagnose()).findings).toEqual(['hub-refused']);
  });

  test('messages-quarantined: one message that could not be read is found, and archived only from here', async () => {
    await kv.batch(
      [{ type: 'put', key: quarantineKey(hub, 3), value: new Uint8Array([1]) }],
      'synced',
    );
    expect((await diagnose()).findings).toEqual(['messages-quarantined']);
    expect((await diagnose('fix-safe')).fixed).toEqual([]);
    expect(await diagnose('fix')).toEqual({ findings: [], fixed: ['messages-quarantined'] });
    expect(readdirSync(home.archive)).toHaveLength(1);
  });

  test('leases-unguarded: leases of running work without a guard are found, with one they are not', async () => {
    const bare = { kv, health: soundDisk.health, storeId, held: [], trouble: null };
    live = { ...soundLink, ...bare, guard: { is: 'down', leaseCount: 2, pid: null } };
    expect((await diagnose()).findings).toEqual(['leases-unguarded']);
    live = { ...soundLink, ...bare, guard: { is: 'up', leaseCount: 2, pid: 7 } };
    expect((await diagnose()).findings).toEqual([]);
  });

  test('work-leftovers: only directories of attempts that are not held are removed', async () => {
    for (const name of ['J1.1', 'J2.1', 'mine'])
      await mkdir(join(home.work, name), { recursive: true });
    await writeFile(join(home.work, 'J1.1', 'file'), 'left');
    live = {
      ...soundLink,
      kv,
      health: soundDisk.health,
      storeId,
      held: [{ attempt: 'J2.1', state: 'finished' }],
      trouble: null,
      guard,
    };
    expect(await diagnose()).toEqual({ findings: ['work-leftovers'], fixed: [] });
    expect(await diagnose('fix-safe')).toEqual({ findings: [], fixed: ['work-leftovers'] });
    expect((await diagnose()).findings).toEqual([]);
  });

  test('processes-orphaned: only processes with our mark and no held attempt are ended', async () => {
    const start = (mark: string) => {
      const child = spawn('/bin/sleep', ['1000'], { env: { WALLY_MARK: mark }, stdio: 'ignore' });
      const gone = new Promise((resolve) => child.once('exit', (_code, why) => resolve(why)));
      return { child, gone };
    };
    const orphan = start(`${storeId}/J1.1`);
    const held = start(`${storeId}/J2.1`);
    const other = start(`${'f'.repeat(32)}/J1.1`);
    live = {
      ...soundLink,
      kv,
      health: soundDisk.health,
      storeId,
      held: [{ attempt: 'J2.1', state: 'running' }],
      trouble: null,
      guard,
    };
    expect(await diagnose('fix-safe')).toEqual({ findings: [], fixed: ['processes-orphaned'] });
    expect(await orphan.gone).toBe('SIGKILL');
    for (const { child, gone } of [held, other]) {
      expect(child.exitCode ?? child.signalCode).toBeNull();
      child.kill();
      await gone;
    }
  });
});
