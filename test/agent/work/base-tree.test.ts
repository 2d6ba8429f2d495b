/*
 * Work at a base: a checkout of its own at that commit, gone afterwards unless it holds work that is
 * nowhere else.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CommandSpec } from '../../../protocol/model.ts';
import type { Folder } from './bench.ts';
import { makeFolder, makeOrder, openShop, Sink } from './bench.ts';

let folder: Folder;
let repo: string;
beforeEach(() => {
  folder = makeFolder();
  repo = join(folder.path, 'repo');
  mkdirSync(join(repo, 'sub'), { recursive: true });
  git('init', '-q', '-b', 'main');
  git('config', 'user.email', 'a@b.c');
  git('config', 'user.name', 'a');
  commit('one');
  git('tag', 'v1');
  commit('two');
  // What somebody has under way in the repository itself.
  writeFileSync(join(repo, 'file'), 'mine');
});
afterEach(() => folder.remove());

function git(...args: readonly string[]): string {
  return execFileSync('git', ['-C', repo, ...args], { encoding: 'utf8' }).trim();
}

function commit(text: string): void {
  writeFileSync(join(repo, 'file'), text);
  writeFileSync(join(repo, 'sub', 'file'), `sub ${text}`);
  git('add', '.');
  git('commit', '-q', '-m', text);
}

/** Runs a command at a base, to its end. */
async function run(command: string, base = 'main', spec: Partial<CommandSpec> = {}) {
  const sink = new Sink();
  const order = makeOrder([command], { repo: { path: repo, base }, ...spec });
  const shop = openShop(folder);
  const work = await shop.start(order, sink.take);
  const exit = await work.exit;
  return { shop, order, out: sink.text('stdout'), exit };
}

function trees(): readonly string[] {
  const path = join(folder.path, 'trees');
  return existsSync(path) ? readdirSync(path) : [];
}

const named = { GIT_AUTHOR_NAME: 'w', GIT_AUTHOR_EMAIL: 'w@x', GIT_COMMITTER_NAME: 'w' };
const env = { ...named, GIT_COMMITTER_EMAIL: 'w@x' };

describe('base', () => {
  test('base: the work sees that commit, and nothing of what is under way in the repository', async () => {
    const { out, exit } = await run('cat file; pwd');
    expect(out).toContain('two');
    expect(out).toContain(join(folder.path, 'trees'));
    expect(exit.kept).toBeUndefined();
    expect((await run('cat file', 'v1')).out).toBe('one');
    expect((await run('cat file', 'main~1')).out).toBe('one');
    expect(git('status', '--porcelain')).toBe('M file');
  });

  test('base: a checkout that holds nothing of its own is gone afterwards, for git too', async () => {
    await run('true');
    expect(trees()).toEqual([]);
    expect(git('worktree', 'list').split('\n')).toHaveLength(1);
  });

  test('base: a part of a repository is that part of the checkout', async () => {
    const { out } = await run('cat file', 'v1', { repo: { path: join(repo, 'sub'), base: 'v1' } });
    expect(out).toBe('sub one');
  });

  test('base: a name that is no commit there is refused, and nothing is left', async () => {
    await expect(run('true', 'nowhere')).rejects.toMatchObject({ code: 'JOB_BASE' });
    rmSync(join(repo, '.git'), { recursive: true });
    await expect(run('true')).rejects.toMatchObject({ code: 'JOB_BASE' });
    expect(trees()).toEqual([]);
  });

  test('base: a command that cannot be started leaves no checkout', async () => {
    const order = makeOrder(['/no/such/program', 'x'], { repo: { path: repo, base: 'main' } });
    await expect(openShop(folder).start(order, new Sink().take)).rejects.toThrow('no such command');
    expect(trees()).toEqual([]);
  });

  test('base: files that were not committed keep it, and are counted', async () => {
    const { exit, order } = await run('echo new > made; echo other > file');
    const directory = join(folder.path, 'trees', order.attempt);
    expect(exit.kept).toEqual({ directory, changes: 2, commits: 0 });
    expect(existsSync(join(directory, 'made'))).toBe(true);
  });

  test('base: commits on no branch keep it; on a branch they are there without it', async () => {
    const loose = await run('git commit -q --allow-empty -m x', 'main', { env });
    expect(loose.exit.kept).toMatchObject({ changes: 0, commits: 1 });
    const line = 'git switch -q -c fix && git commit -q --allow-empty -m fixed';
    const safe = await run(line, 'main', { env });
    expect(safe.exit.kept).toBeUndefined();
    expect(git('log', '-1', '--format=%s', 'fix')).toBe('fixed');
  });

  test('base: a rebase that stopped half-way keeps it', async () => {
    const script = [
      'git switch -q -c side v1 && echo side > file && git commit -qam side',
      'git rebase main || git checkout -q --theirs file; git reset -q --hard',
    ].join('; ');
    const { exit } = await run(script, 'v1', { env });
    expect(exit.kept).toMatchObject({ note: 'a rebase is under way' });
  });

  test('base: a kept one goes once its work is elsewhere, or when it is given up by word', async () => {
    const { shop, order } = await run('git commit -q --allow-empty -m x', 'main', { env });
    expect(await shop.clearTree(order.attempt, 'careful')).toMatchObject({ commits: 1 });
    git(
      'branch',
      'taken',
      execFileSync('git', ['rev-parse', 'HEAD'], {
        cwd: join(folder.path, 'trees', order.attempt),
        encoding: 'utf8',
      }).trim(),
    );
    expect(await shop.clearTree(order.attempt, 'careful')).toBeUndefined();
    const other = await run('echo x > made');
    expect(await shop.clearTree(other.order.attempt, 'discard')).toBeUndefined();
    expect(trees()).toEqual([]);
    expect(git('worktree', 'list').split('\n')).toHaveLength(1);
  });

  test('base: what lies there is nobody’s to remove: the same attempt of another hub has one beside it', async () => {
    const { order } = await run('echo x > made');
    const sink = new Sink();
    const again = await openShop(folder).start(
      { ...order, spec: { ...order.spec, command: ['cat file'] } },
      sink.take,
    );
    expect((await again.exit).kept).toBeUndefined();
    expect(sink.text('stdout')).toBe('two');
    expect(existsSync(join(folder.path, 'trees', order.attempt, 'made'))).toBe(true);
  });

  test('base: a directory that is no checkout any more is kept, whatever lies around it', async () => {
    execFileSync('git', ['init', '-q', folder.path]);
    const { exit } = await run('rm .git; echo x > made');
    expect(exit.kept?.note).toContain('not a git repository');
  });
});
