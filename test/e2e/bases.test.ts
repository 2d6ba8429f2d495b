/*
 * Work at a commit, in a checkout of its own, and prompts for a harness: hub, agent and git as they are.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { JobDetail } from '../../cockpit/verbs/shapes.ts';
import { untilGone } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';

const asked = { timeout: 30_000, interval: 20 };

let stage: Stage;
let repo: string;

beforeAll(async () => {
  stage = openStage();
  const mind = stage.path('mind.sh');
  writeFileSync(mind, '#!/bin/sh\necho "asked: $(cat)"\necho done > answer.txt\n');
  chmodSync(mind, 0o755);
  stage.configure(stage.localHome, `[harness.mind]\ncommand = ["${mind}"]\n`);
  repo = stage.path('repo');
  mkdirSync(repo);
  git('init', '-q', '-b', 'main');
  git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'one');
  await stage.up();
});

afterAll(() => stage.close());

function git(...args: readonly string[]): string {
  return execFileSync('git', ['-C', repo, ...args], { encoding: 'utf8' }).trim();
}

function trees(): readonly string[] {
  const folder = join(stage.localHome, 'trees');
  return existsSync(folder) ? readdirSync(folder) : [];
}

test('bases: a prompt works in a checkout that is kept for what it made, until that is given up', async () => {
  const flags = ['--repo', repo, '--base', 'main', '--harness', 'mind', '--prompt', 'go; ls'];
  const { id } = await stage.ask<JobDetail>('dispatch', ...flags);
  const ended = await stage.ended(id);
  expect(ended).toMatchObject({ outcome: 'succeeded', kind: 'prompt', prompt: 'go; ls' });
  expect(ended.attempts[0]?.kept).toMatchObject({ changes: 1, commits: 0 });
  expect((await stage.wally(['logs', id])).stdout).toBe('asked: go; ls\n');
  expect(existsSync(join(repo, 'answer.txt'))).toBe(false);

  const held = await stage.wally(['tidy', id]);
  expect(held.status).toBe(4);
  expect(held.stderr).toContain('TREE_HELD');
  expect(trees()).toEqual([`${id}.1`]);

  const gone = await stage.ask<JobDetail>('tidy', id, '--discard');
  expect(gone.attempts[0]?.kept).toBeNull();
  expect(trees()).toEqual([]);
  expect(git('worktree', 'list').split('\n')).toHaveLength(1);
});

test('bases: an agent that is killed leaves a checkout with work in it, and says so when it is back', async () => {
  const line = 'echo half > made; echo $$ > started; sleep 300';
  const { id } = await stage.ask<JobDetail>(
    'dispatch',
    '--repo',
    repo,
    '--base',
    'main',
    '--',
    line,
  );
  const tree = join(stage.localHome, 'trees', `${id}.1`);
  await vi.waitUntil(() => existsSync(join(tree, 'started')), asked);
  const { pid } = (await stage.odally('local', ['status', '--json'])).json<{ pid: number }>();
  process.kill(pid, 'SIGKILL');
  await untilGone(pid);
  await stage.odally('local', ['run', '--background']);
  const ended = await stage.ended(id);
  expect(ended.outcome).toBe('lost');
  expect(ended.attempts[0]?.kept).toMatchObject({ directory: tree, changes: 2 });
  expect(existsSync(join(tree, 'made'))).toBe(true);
});
