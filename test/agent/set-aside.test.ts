/*
 * Beginning anew: what a home held is ended and kept aside, and nothing of it comes alive again.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HeldAttempt, readHeld } from '../../agent/attempts.ts';
import { type AgentHome, findAgentHome } from '../../agent/home.ts';
import { setAsidesMax } from '../../agent/limits.ts';
import { finishSetAside, setAside } from '../../agent/set-aside.ts';
import { findProcess } from '../../agent/work/process-table.ts';
import { openSystemPorts } from '../../protocol/ports.ts';
import { openStore } from '../../store/format.ts';
import { openLevelKv } from '../../store/open.ts';
import { createDirectory } from '../store/place.ts';
import { planHeld, spec } from './desk-bench.ts';

const ports = openSystemPorts();
let home: AgentHome;
let remove: () => Promise<void>;
let lines: string[];

beforeEach(async () => {
  const place = await createDirectory();
  remove = place.remove;
  home = findAgentHome(place.path);
  lines = [];
});

afterEach(() => remove());

/** A store that holds this attempt, then put aside; resolves with the store's id. */
async function holdAndSetAside(makeHeld: (storeId: string) => readonly HeldAttempt[]) {
  const kv = await openLevelKv(home.store);
  const { storeId } = await openStore(kv, ports.random);
  await kv.batch(await planHeld(kv, makeHeld(storeId)), 'synced');
  const given = await setAside({ home, kv, ports, noticed: (line) => lines.push(line) });
  return { storeId, given };
}

describe('set aside', () => {
  test('set aside: what runs is ended, what is held is said, and the next store is a fresh one', async () => {
    const ground = { spec: { ...spec, command: ['true'] }, issuedAt: 1 };
    let gone: Promise<unknown> = Promise.resolve();
    const { storeId, given } = await holdAndSetAside((id) => {
      const mark = `${id}/J1.1`;
      const child = spawn('/bin/sleep', ['1000'], { env: { WALLY_MARK: mark }, stdio: 'ignore' });
      gone = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
      const pid = child.pid ?? 0;
      const process = { pid, start: String(findProcess(pid)?.start), mark };
      return [
        {
          ...ground,
          attempt: 'J1.1',
          state: { is: 'running', acceptedAt: 1, startedAt: 2, process },
        },
        { ...ground, attempt: 'J2.1', state: { is: 'accepted', acceptedAt: 1 } },
      ];
    });
    expect(await gone).toBe('SIGKILL');
    expect(given).toEqual([
      { attempt: 'J1.1', state: 'running' },
      { attempt: 'J2.1', state: 'accepted' },
    ]);
    expect(lines.join('\n')).toMatch(
      /J1\.1 is given up \(1 processes ended\)[\s\S]*J2\.1 is given up/,
    );
    const kv = await openLevelKv(home.store);
    expect(await readHeld(kv)).toEqual([]);
    expect((await openStore(kv, ports.random)).storeId).not.toBe(storeId);
    await kv.close();
  });

  test('set aside: store, logs and artifacts are kept whole', async () => {
    await mkdir(join(home.logs, 'J1.1'), { recursive: true });
    await writeFile(join(home.logs, 'J1.1', '0.log'), 'output');
    await mkdir(join(home.artifacts, 'J1.1'), { recursive: true });
    await writeFile(join(home.artifacts, 'J1.1', '0.whole'), 'file');
    await holdAndSetAside(() => []);
    const [place = ''] = readdirSync(home.setAside);
    expect(existsSync(join(home.setAside, place, 'store', 'CURRENT'))).toBe(true);
    expect(existsSync(join(home.setAside, place, 'logs', 'J1.1', '0.log'))).toBe(true);
    expect(existsSync(join(home.setAside, place, 'artifacts', 'J1.1', '0.whole'))).toBe(true);
    expect([existsSync(home.logs), existsSync(home.artifacts)]).toEqual([false, false]);
  });

  test('set aside: cut off after the store has gone, the next start brings the logs after it', async () => {
    await holdAndSetAside(() => []);
    const [place = ''] = readdirSync(home.setAside);
    expect(readdirSync(join(home.setAside, place))).toEqual(['store']);
    // As a kill leaves it between the first move and the second.
    await writeFile(join(home.setAside, place, 'MOVING'), '');
    await mkdir(join(home.logs, 'J1.1'), { recursive: true });
    await writeFile(join(home.logs, 'J1.1', '0.log'), 'output');
    await mkdir(join(home.setAside, '005000000000001'));
    await writeFile(join(home.setAside, '005000000000001', 'MOVING'), '');
    await finishSetAside(home);
    expect(readdirSync(home.setAside)).toEqual([place]);
    expect(readdirSync(join(home.setAside, place)).toSorted()).toEqual(['logs', 'store']);
    expect(existsSync(join(home.setAside, place, 'logs', 'J1.1', '0.log'))).toBe(true);
    expect(existsSync(home.logs)).toBe(false);
    await mkdir(home.logs);
    await finishSetAside(home);
    expect(existsSync(home.logs)).toBe(true);
  });

  test('set aside: only the newest few are kept', async () => {
    for (const name of ['1', '2', '3', '4'])
      await mkdir(join(home.setAside, name), { recursive: true });
    await holdAndSetAside(() => []);
    const names = readdirSync(home.setAside);
    expect(names).toHaveLength(setAsidesMax);
    expect(names).not.toContain('2');
    expect(names).toContain('4');
  });

  test('set aside: under a clock that was set back the newest is not taken for the oldest', async () => {
    for (const name of ['005000000000001', '005000000000002', '005000000000003'])
      await mkdir(join(home.setAside, name), { recursive: true });
    await holdAndSetAside(() => []);
    await holdAndSetAside(() => []);
    const names = readdirSync(home.setAside).toSorted();
    expect(names).toEqual(['005000000000003', '005000000000004', '005000000000005']);
    for (const name of names.slice(1)) {
      expect(existsSync(join(home.setAside, name, 'store', 'CURRENT'))).toBe(true);
    }
  });
});
