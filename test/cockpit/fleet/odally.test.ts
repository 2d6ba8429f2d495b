/*
 * Asking the agent's program on a box: which home it is asked about, whatever the box's own shell says.
 *
 * The box is a folder here, and the port of ssh runs its commands by a real shell.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askOdally } from '../../../cockpit/fleet/odally.ts';
import { spellHome } from '../../../cockpit/fleet/shell.ts';
import type { Ssh } from '../../../cockpit/fleet/ssh.ts';
import { planLauncher } from '../../../protocol/launcher.ts';

describe('the program on a box', () => {
  let home: string;

  beforeEach(() => {
    home = join(mkdtempSync(join(tmpdir(), 'wy-')), 'a home');
    mkdirSync(join(home, 'bin'), { recursive: true });
  });

  afterEach(() => rmSync(join(home, '..'), { recursive: true }));

  const ssh: Ssh = {
    run: (_, command) =>
      new Promise((resolve) => {
        const env = { PATH: '/usr/bin:/bin', ODALLY_HOME: '/somebody/elses' };
        execFile('/bin/sh', ['-c', command], { env }, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : 1, stdout, stderr }),
        );
      }),
    open: () => expect.unreachable('no channel is opened here'),
  };

  test('it is asked about the home that was installed, though the box’s shell names another, with what services get', async () => {
    const node = join(home, 'node');
    writeFileSync(
      node,
      `#!/bin/sh\nprintf '{"home":"%s","arenas":%s}\\n' "$ODALLY_HOME" "$MALLOC_ARENA_MAX"\n`,
    );
    chmodSync(node, 0o755);
    // What the launcher reads of a version.
    mkdirSync(join(home, 'versions'));
    writeFileSync(join(home, 'versions', 'one.runtime'), `${node}\n`);
    symlinkSync('versions/one', join(home, 'current'));
    writeFileSync(join(home, 'bin', 'odally'), planLauncher(home));
    chmodSync(join(home, 'bin', 'odally'), 0o755);
    const way = { ssh, place: { target: 'box' } };
    expect(await askOdally({ way, home }, 'leave --json')).toEqual({ home, arenas: 2 });
  });

  test('a home with a space, which an install takes, can be spelled for every later command', () => {
    expect(spellHome('/home/ann b/.odally')).toBe('/home/ann b/.odally');
    for (const home of ['/a"b', '/a$b', '/a`b', "/a'b", '/a\nb', '/a/../b', 'a', '/a\\b', '/']) {
      expect(() => spellHome(home)).toThrow(expect.objectContaining({ code: 'USAGE_ARGUMENT' }));
    }
  });
});
