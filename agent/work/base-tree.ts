/*
 * A checkout of an attempt's own, at the commit that its spec names: a git worktree of that repository.
 *
 *   open ──▶ the work runs in it ──▶ clear ──▶ removed, or kept and said
 *
 * It is never removed while it holds anything that is nowhere else: files that are not committed, commits
 * on no branch, tag or remote, a rebase under way, or whatever else git itself refuses to remove.
 * What git ignores goes with it. What is not surely safe is kept. Errors: JOB_BASE.
 */
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../protocol/errors.ts';
import type { AttemptId, KeptDirectory, RepoAtBase } from '../../protocol/model.ts';
import type { Environment } from './environment.ts';
import { askGit, type GitScene } from './git.ts';
import { treesOfAttemptMax } from './limits.ts';

/** Where checkouts lie, and what git is given. */
export interface TreeScene {
  /** Folder of all checkouts; nobody else writes there. */
  readonly folder: string;
  readonly env: Environment;
}

/** A checkout that was made a moment ago. */
export interface BaseTree {
  readonly path: string;
  /** Where the work runs: the part of it that the spec names. */
  readonly directory: string;
}

/** Makes the checkout. `repo.path` is resolved. Errors: JOB_BASE; then nothing is left behind. */
export async function openTree(
  { folder, env }: TreeScene,
  attempt: AttemptId,
  repo: RepoAtBase,
): Promise<BaseTree> {
  const scene = { at: repo.path, env };
  const named = `${repo.base}^{commit}`;
  const commit = await askGit(scene, ['rev-parse', '--verify', '--end-of-options', named]);
  if (!commit.isDone) {
    // Of a name that it does not know git says no more than that.
    const { complaint } = commit;
    const why = complaint.includes('Needed a single revision') ? '' : ` (${cut(complaint)})`;
    throw new AppError('JOB_BASE', `${repo.base} is no commit in ${repo.path}${why}.`);
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = await findFree(join(await realpath(folder), attempt));
  const added = await askGit(scene, ['worktree', 'add', '--detach', path, commit.stdout.trim()]);
  if (!added.isDone) {
    // Nothing ran in it yet.
    await askGit(scene, ['worktree', 'remove', '--force', path]);
    const why = cut(added.complaint);
    throw new AppError('JOB_BASE', `No checkout of ${repo.base} could be made (${why}).`);
  }
  const prefix = await askGit(scene, ['rev-parse', '--show-prefix']);
  return { path, directory: join(path, prefix.isDone ? prefix.stdout.trim() : '') };
}

/** The newest checkout of this attempt that is there. */
export async function findTree(folder: string, attempt: AttemptId): Promise<string | undefined> {
  let found: string | undefined;
  for (const path of listNames(join(folder, attempt))) {
    if (!(await isThere(path))) return found;
    found = path;
  }
  return found;
}

/**
 * Removes a checkout that holds nothing of its own; resolves with what it holds where it was kept.
 * `discard` removes it with all that is in it.
 */
export async function clearTree(
  { folder, env }: TreeScene,
  path: string,
  how: 'careful' | 'discard',
): Promise<KeptDirectory | undefined> {
  if (!(await isThere(path))) return undefined;
  const scene = { at: path, env, ceiling: folder };
  const common = await askGit(scene, ['rev-parse', '--path-format=absolute', '--git-common-dir']);
  const held = await look(scene);
  const kept = { directory: path, changes: held.changes, commits: held.commits };
  if (how === 'careful' && (held.changes > 0 || held.commits > 0 || held.note !== undefined)) {
    return { ...kept, ...(held.note === undefined ? {} : { note: held.note }) };
  }
  if (!common.isDone) return { ...kept, note: cut(common.complaint) };
  const force = how === 'discard' ? ['--force', '--force'] : [];
  const at = common.stdout.trim();
  const args = ['worktree', 'remove', ...force, path];
  const removed = await askGit({ at, env }, args);
  return removed.isDone ? undefined : { ...kept, note: cut(removed.complaint) };
}

interface Held {
  readonly changes: number;
  readonly commits: number;
  readonly note?: string;
}

/** What git can't tell is a reason to keep it. */
async function look(scene: GitScene): Promise<Held> {
  const status = [
    'status',
    '--porcelain',
    '-z',
    '--untracked-files=all',
    '--ignore-submodules=none',
  ];
  const changed = await askGit(scene, status);
  if (!changed.isDone) return { changes: 0, commits: 0, note: cut(changed.complaint) };
  const changes = changed.stdout.split('\0').filter((entry) => /^.. /.test(entry)).length;
  const elsewhere = ['--not', '--branches', '--tags', '--remotes'];
  const counted = await askGit(scene, ['rev-list', '--count', 'HEAD', ...elsewhere]);
  if (!counted.isDone) return { changes, commits: 0, note: cut(counted.complaint) };
  const commits = Number(counted.stdout.trim());
  const note = await findUnderWay(scene);
  return { changes, commits, ...(note === undefined ? {} : { note }) };
}

/** What git itself remembers in files while it is in the middle of something. */
const underWay: Readonly<Record<string, string>> = {
  'rebase-merge': 'a rebase is under way',
  'rebase-apply': 'a rebase is under way',
  MERGE_HEAD: 'a merge is under way',
  CHERRY_PICK_HEAD: 'a cherry-pick is under way',
  REVERT_HEAD: 'a revert is under way',
  BISECT_LOG: 'a bisect is under way',
};

async function findUnderWay(scene: GitScene): Promise<string | undefined> {
  const own = await askGit(scene, ['rev-parse', '--absolute-git-dir']);
  if (!own.isDone) return cut(own.complaint);
  for (const [file, words] of Object.entries(underWay)) {
    if (await isThere(join(own.stdout.trim(), file))) return words;
  }
  return undefined;
}

/** One of an earlier pairing may lie there, with the same number; it is nobody's to take away. */
async function findFree(path: string): Promise<string> {
  for (const name of listNames(path)) if (!(await isThere(name))) return name;
  throw new AppError('JOB_BASE', `${path} and all names beside it are taken.`);
}

function listNames(path: string): readonly string[] {
  const more = Array.from({ length: treesOfAttemptMax - 1 }, (_, index) => `${path}-${index + 2}`);
  return [path, ...more];
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function cut(words: string): string {
  return words.slice(0, 200);
}
