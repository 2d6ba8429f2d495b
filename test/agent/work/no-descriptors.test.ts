/*
 * A box that has no descriptor left: what cannot be started is refused, and the agent goes on.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const program = join(import.meta.dirname, 'no-descriptors.ts');

test('no descriptors: a terminal is refused and a guard is gone, and neither ends the agent', () => {
  const line = 'ulimit -n 80; exec "$0" "$1"';
  const ran = spawnSync('/bin/sh', ['-c', line, process.execPath, program], { encoding: 'utf8' });
  expect(ran.stderr).toBe('');
  expect(ran.stdout).toBe('full, TERMINAL_UNSUPPORTED, guard told: false, guard gone');
  expect(ran.status).toBe(0);
});
