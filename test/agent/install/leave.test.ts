/*
 * Leaving with checkouts that hold work of their own, whatever is said of their attempts.
 *
 * The agent is a small real process that answers as one does; git and the checkouts are real.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leave } from '../../../agent/install/leave.ts';
import { openServiceBench, type ServiceBench } from './service-bench.ts';

describe('leave', () => {
  let bench: ServiceBench;
  let repo: string;

  beforeEach(() => {
    bench = openServiceBench([]);
    repo = join(bench.userHome, 'repo');
    mkdirSync(repo);
    git('init', '-q');
    const who = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
    git(...who, 'commit', '-q', '--allow-empty', '-m', 'first');
    mkdirSync(bench.home.trees);
  });

  afterEach(() => bench[Symbol.asyncDispose]());

  function git(...args: readonly string[]): void {
    execFileSync('git', args, { cwd: repo, env: { ...process.env, HOME: bench.userHome } });
  }

  /** A checkout with a file that is nowhere else. */
  function layTree(name: string): string {
    const path = join(bench.home.trees, name);
    git('worktree', 'add', '-q', '--detach', path);
    writeFileSync(join(path, 'work'), 'of an hour');
    return path;
  }

  const go = (...discard: readonly string[]) => {
    const program = { ...bench.program, env: { ...bench.program.env, PATH: process.env.PATH } };
    return leave({ program, home: bench.home, noticed: () => undefined }, discard);
  };

  test('leave: a checkout is not lost whose attempt owed no more than its log, which then arrived', async () => {
    bench.tell('owed', JSON.stringify([[{ attempt: 'J1.1', what: 'log' }], []]));
    await bench.service.perform({ verb: 'install', kind: 'background' });
    const tree = layTree('J1.1');
    await expect(go()).rejects.toThrow('This would be lost: J1.1 (checkout).');
    expect(existsSync(join(tree, 'work'))).toBe(true);
    expect(await bench.running()).toBeDefined();
    await expect(go('J1')).resolves.toMatchObject({ as: 'left', isTold: true });
    expect(existsSync(bench.home.trees)).toBe(false);
  });

  test('leave: what is no checkout of ours among them stays', async () => {
    mkdirSync(join(bench.home.trees, 'notes'));
    const { left } = await go();
    expect(left).toContain('trees');
    expect(existsSync(join(bench.home.trees, 'notes'))).toBe(true);
  });

  test('leave: a checkout that was given up goes though git cannot tell what it is', async () => {
    const tree = join(bench.home.trees, 'J2.1');
    mkdirSync(tree);
    writeFileSync(join(tree, '.git'), 'gitdir: /nowhere');
    await expect(go()).rejects.toThrow('J2.1 (checkout)');
    await go('J2');
    expect(existsSync(bench.home.trees)).toBe(false);
  });
});
