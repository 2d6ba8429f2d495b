/*
 * Taking an agent off a host of a pool: only the one that was put there for this box, and only what is an agent's.
 *
 * The host is a folder here, and the port of ssh runs its commands by a real shell.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEntrance } from '../../../../cockpit/fleet/spawn/entrance.ts';
import type { Ssh } from '../../../../cockpit/fleet/ssh.ts';
import type { Hub } from '../../../../cockpit/hub/hub.ts';

const hubKey = 'a'.repeat(64);

describe('the way off a host', () => {
  let userHome: string;
  let home: string;

  beforeEach(() => {
    userHome = mkdtempSync(join(tmpdir(), 'wy-'));
    home = join(userHome, '.odally');
    mkdirSync(join(home, 'store'), { recursive: true });
  });

  afterEach(() => rmSync(userHome, { recursive: true }));

  const ssh: Ssh = {
    run: async (_, command, { stdin = '' } = {}) => {
      const env = { HOME: userHome, PATH: '/usr/bin:/bin' };
      const stdout = execFileSync('/bin/sh', ['-c', command], { env, input: String(stdin) });
      return { code: 0, stdout: String(stdout), stderr: '' };
    },
    open: () => expect.unreachable('no channel is opened here'),
  };

  /** An agent that does not run; what is asked of its program is noted beside the home. */
  function layAgent(pairing?: { readonly hub: string; readonly name: string }): void {
    mkdirSync(join(home, 'bin'));
    const script = `#!/bin/sh\necho "$*" >> "$HOME/asked"\n[ "$1" != status ]\n`;
    writeFileSync(join(home, 'bin', 'odally'), script);
    chmodSync(join(home, 'bin', 'odally'), 0o755);
    if (pairing !== undefined) pair(pairing);
  }

  function pair(pairing: { readonly hub: string; readonly name: string }): void {
    writeFileSync(join(home, 'pairing.json'), JSON.stringify(pairing, null, 2));
  }

  const takeOff = (...names: readonly string[]) =>
    openEntrance({ key: hubKey, ssh } as unknown as Hub).uninstall({ target: 'box' }, [
      ...['alice', ...names],
    ]);

  test('release: the agent of this box goes, with its home', async () => {
    layAgent({ hub: hubKey, name: 'alice' });
    await takeOff();
    expect(existsSync(home)).toBe(false);
  });

  test('release: the agent goes too that bears the name which it had on this host before', async () => {
    layAgent({ hub: hubKey, name: 'bob' });
    await takeOff('bob');
    expect(existsSync(home)).toBe(false);
  });

  test.each([
    ['another hub', { hub: 'b'.repeat(64), name: 'alice' }],
    ['this hub under another name', { hub: hubKey, name: 'bob' }],
  ])('release: an agent that is paired with %s is not touched', async (_, pairing) => {
    layAgent(pairing);
    await takeOff();
    expect(readdirSync(home).toSorted()).toEqual(['bin', 'pairing.json', 'store']);
    expect(existsSync(join(userHome, 'asked'))).toBe(false);
  });

  test('release: an agent that was not put there by an install is not touched', async () => {
    pair({ hub: hubKey, name: 'alice' });
    await takeOff();
    expect(readdirSync(home).toSorted()).toEqual(['pairing.json', 'store']);
  });

  test('release: of an install that came no further than files only those go', async () => {
    for (const name of ['versions', 'runtime']) mkdirSync(join(home, name));
    await takeOff();
    expect(readdirSync(home)).toEqual(['store']);
    rmSync(join(home, 'store'), { recursive: true });
    mkdirSync(join(home, 'versions'));
    await takeOff();
    expect(existsSync(home)).toBe(false);
  });

  test('release: what a person wrote there stays', async () => {
    layAgent({ hub: hubKey, name: 'alice' });
    for (const name of ['policy.toml', 'config.toml']) writeFileSync(join(home, name), '');
    await takeOff();
    expect(readdirSync(home).toSorted()).toEqual(['config.toml', 'policy.toml']);
  });
});
