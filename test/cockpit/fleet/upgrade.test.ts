/*
 * What `wally upgrade` says of a box whose change of version is not decided, or came to nothing.
 *
 * The box is a folder here, and the port of ssh runs its commands by a real shell.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { upgradeWorker } from '../../../cockpit/fleet/upgrade.ts';
import type { Hub } from '../../../cockpit/hub/hub.ts';
import type { WorkerRecord } from '../../../cockpit/manager/worker.ts';
import { openFolderSsh } from './folder-ssh.ts';

const hubKey = 'a'.repeat(64);
const alice = { key: '1'.repeat(64), name: 'alice', formerNames: [], revokedAt: null };
const worker = alice as unknown as WorkerRecord;
const [from, to] = ['a-000000000001', 'b-000000000002'];

describe('upgrade', () => {
  let userHome: string;

  beforeEach(() => {
    userHome = mkdtempSync(join(tmpdir(), 'wy-'));
    const home = join(userHome, '.odally');
    mkdirSync(join(home, 'bin'), { recursive: true });
    symlinkSync(`versions/${to}`, join(home, 'current'));
    const pairing = JSON.stringify({ hub: hubKey, name: 'alice' }, null, 2);
    writeFileSync(join(home, 'pairing.json'), pairing);
  });

  afterEach(() => rmSync(userHome, { recursive: true }));

  const ssh = openFolderSsh(() => userHome);

  /** The box says these, one each time that it is asked, the last for good. */
  function go(...records: readonly object[]) {
    const home = join(userHome, '.odally');
    const cases = records.map((record, index) => {
      const code = /rolled-back|failed/.test(JSON.stringify(record)) ? 1 : 0;
      const which = index + 1 === records.length ? '*' : `${index + 1}`;
      return `${which}) echo '${JSON.stringify({ from, to, at: 7, ...record })}'; exit ${code};;`;
    });
    const script = `#!/bin/sh
cd "$HOME/.odally"; echo x >> asked
case $(wc -l < asked | tr -d ' ') in
${cases.join('\n')}
esac
`;
    writeFileSync(join(home, 'bin', 'odally'), script);
    chmodSync(join(home, 'bin', 'odally'), 0o755);
    const later = (_: number, run: () => void) => {
      const timer = setImmediate(run);
      return () => clearImmediate(timer);
    };
    const hub = {
      ...{ ssh, key: hubKey, boxes: { find: () => ({ ssh: { target: 'box' } }) } },
      ...{ workers: { list: () => [worker] }, desk: { listHeldBy: () => [] } },
      ...{ boxLife: { find: () => ({ draining: null }) }, ports: { timers: { after: later } } },
      supplies: { bundle: async () => ({ tree: { name: to } }) },
    };
    const signal = new AbortController().signal;
    const scene = { hub: hub as unknown as Hub, tell: () => undefined, signal };
    return upgradeWorker(scene, worker, 'do');
  }

  test('upgrade: the version that is current serves already only where no change waits for its verdict', async () => {
    expect(await go({ phase: 'done' })).toMatchObject({ as: 'current' });
  });

  test('upgrade: a change whose verdict is not given is waited for, and what came of it is told', async () => {
    const why = { code: 'UPGRADE_ROLLED_BACK', message: 'it did not come up' };
    const row = await go(
      { phase: 'switched' },
      { phase: 'switched' },
      { phase: 'rolled-back', ...why },
    );
    expect(row).toEqual({ name: 'alice', from, to, as: 'rolled-back', ...why });
  });

  test('upgrade: a verdict that no hello tells, for its box has no session, is asked for', async () => {
    expect(await go({ phase: 'switched' }, { phase: 'done' })).toMatchObject({
      as: 'done',
      from,
      to,
    });
  });
});
