/*
 * What a repair makes again outside of the store: the files of a service, and the ties of checkouts.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findAgentHome } from '../../agent/home.ts';
import { rebuildService, rejoinTrees } from '../../agent/rebuild.ts';
import { openServiceBench } from './install/service-bench.ts';

function git(at: string, ...args: readonly string[]): string {
  return execFileSync('git', ['-C', at, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
    encoding: 'utf8',
  });
}

test('rebuild: a unit that is gone is written again; one that is there, or none at all, is left', async () => {
  await using bench = openServiceBench(['systemctl', 'loginctl', 'crontab']);
  const unit = join(bench.userHome, '.config/systemd/user/odally.service');
  expect(await rebuildService(bench, false)).toBeUndefined();
  expect(existsSync(unit)).toBe(false);
  await bench.run('install');
  expect(await rebuildService(bench, false)).toBeUndefined();
  const text = readFileSync(unit, 'utf8');
  rmSync(unit);
  expect(await rebuildService(bench, true)).toBe('odally.service');
  expect(existsSync(unit)).toBe(false);
  expect(await rebuildService(bench, false)).toBe('odally.service');
  expect(readFileSync(unit, 'utf8')).toBe(text);
  await bench.run('remove');
});

test('rebuild: a checkout whose home was moved is known to its repository again, with what is in it', async () => {
  await using bench = openServiceBench([]);
  const repo = join(bench.userHome, 'repo');
  mkdirSync(repo);
  git(repo, 'init', '-q');
  git(repo, 'commit', '-q', '--allow-empty', '-m', 'one');
  mkdirSync(bench.home.trees, { recursive: true });
  git(repo, 'worktree', 'add', '-q', '--detach', join(bench.home.trees, 'J1.1'));
  writeFileSync(join(bench.home.trees, 'J1.1', 'work'), 'mine');
  mkdirSync(join(bench.home.trees, 'no-checkout'));
  const program = { ...bench.program, env: { ...bench.program.env, PATH: process.env.PATH } };
  expect(await rejoinTrees({ program, home: bench.home }, false)).toEqual([]);
  const moved = findAgentHome(join(bench.userHome, 'moved'));
  renameSync(bench.home.directory, moved.directory);
  const path = join(moved.trees, 'J1.1');
  expect(await rejoinTrees({ program, home: moved }, true)).toEqual([path]);
  expect(git(repo, 'worktree', 'list')).not.toContain(path);
  expect(await rejoinTrees({ program, home: moved }, false)).toEqual([path]);
  git(repo, 'worktree', 'prune');
  expect(git(repo, 'worktree', 'list')).toContain(path);
  expect(readFileSync(join(path, 'work'), 'utf8')).toBe('mine');
  expect(await rejoinTrees({ program, home: moved }, false)).toEqual([]);
});
