/*
 * Uninstalling over ssh from a home that is another worker's, or another hub's, by now.
 *
 * The box is a folder here, and the port of ssh runs its commands by a real shell.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { uninstall } from '../../../cockpit/fleet/uninstall.ts';
import type { Hub } from '../../../cockpit/hub/hub.ts';
import type { WorkerRecord } from '../../../cockpit/manager/worker.ts';
import { openFolderSsh } from './folder-ssh.ts';

const hubKey = 'a'.repeat(64);
const alice = { key: '1'.repeat(64), name: 'alice', formerNames: ['al'], revokedAt: null };
const bob = { key: '2'.repeat(64), name: 'bob', formerNames: [], revokedAt: null };
const workers = [alice, bob] as unknown as readonly WorkerRecord[];

describe('uninstall', () => {
  let userHome: string;

  beforeEach(() => {
    userHome = mkdtempSync(join(tmpdir(), 'wy-'));
    const bin = join(userHome, '.odally', 'bin');
    mkdirSync(bin, { recursive: true });
    const script = `#!/bin/sh\necho "$*" >> "$HOME/asked"\necho '{"discarded":[],"left":[]}'\n`;
    writeFileSync(join(bin, 'odally'), script);
    chmodSync(join(bin, 'odally'), 0o755);
  });

  afterEach(() => rmSync(userHome, { recursive: true }));

  const ssh = openFolderSsh(() => userHome);

  interface Heard {
    readonly isLinked?: boolean;
    readonly held?: readonly object[];
    readonly discard?: readonly string[];
  }

  function go(
    pairing: object | undefined,
    { isLinked = false, held = [], discard = [] }: Heard = {},
  ) {
    if (pairing !== undefined)
      writeFileSync(join(userHome, '.odally', 'pairing.json'), JSON.stringify(pairing, null, 2));
    const boxes = { find: () => ({ ssh: { target: 'box' } }) };
    const desk = { listHeldBy: () => held };
    const session = () => ({ isLinked });
    const hub = { ssh, key: hubKey, boxes, desk, session, workers: { list: () => workers } };
    const wish = { discard, isPlan: true, signal: new AbortController().signal };
    return uninstall(hub as unknown as Hub, workers[0] as WorkerRecord, wish);
  }

  test('uninstall: it asks the agent that is this worker, by a former name too', async () => {
    await expect(go({ hub: hubKey, name: 'alice' })).resolves.toMatchObject({ as: 'would' });
    await expect(go({ hub: hubKey, name: 'al' })).resolves.toMatchObject({ as: 'would' });
    expect(readFileSync(join(userHome, 'asked'), 'utf8')).toContain('leave --json --dry-run');
  });

  test.each([
    ['another hub', { hub: 'b'.repeat(64), name: 'alice' }, 'PAIR_EXISTS'],
    ['another worker', { hub: hubKey, name: 'bob' }, 'INSTALL_NAME'],
  ])('uninstall: an agent that is %s’s by now is asked for nothing', async (_, pairing, code) => {
    await expect(go(pairing)).rejects.toMatchObject({ code });
    expect(existsSync(join(userHome, 'asked'))).toBe(false);
  });

  test('uninstall: a box on which nothing of it is any more has left, unless that would lose work', async () => {
    const held = [{ id: 'J7', attempts: [{}, {}] }];
    await expect(go(undefined)).resolves.toMatchObject({ as: 'would', discarded: [] });
    await expect(go(undefined, { held })).rejects.toMatchObject({
      code: 'LEAVE_OWED',
      message: expect.stringContaining('how J7.2 ended was never heard'),
    });
    await expect(go(undefined, { held, discard: ['J8', 'J7.1'] })).rejects.toMatchObject({
      code: 'LEAVE_OWED',
    });
    for (const discard of [['J7'], ['J7.2'], ['all']]) {
      await expect(go(undefined, { held, discard })).resolves.toMatchObject({
        discarded: [{ attempt: 'J7.2', what: 'report' }],
      });
    }
    expect(existsSync(join(userHome, 'asked'))).toBe(false);
  });

  test('uninstall: an agent that is linked is not taken for gone because ssh leads elsewhere', async () => {
    await expect(go(undefined, { isLinked: true })).rejects.toMatchObject({ code: 'LEAVE_HOME' });
  });
});
