/*
 * Where an attempt runs: the directory its spec names, and its own temporary one.
 *
 * A named directory is only ever checked, never made, changed or removed. A temporary directory
 * belongs to one attempt, carries its id as its name, and nothing else in the folder is touched.
 */
import { chown, mkdir, readdir, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { AppError, unreachable } from '../../protocol/errors.ts';
import type { AttemptId, CommandSpec } from '../../protocol/model.ts';
import type { BoxUser } from '../policy/isolation.ts';
import type { DirectoryLook, DirectoryLooks } from './directory-looks.ts';
import type { WorkRules } from './work.ts';

/** Where directories are looked for: what `~` stands for, who looks, and what the policy says of them. */
export interface DirectoryBox {
  readonly home: string;
  readonly looks: Pick<DirectoryLooks, 'look'>;
  readonly rules: WorkRules | undefined;
}

/**
 * The directory that the spec names, with links resolved, or undefined when it names none, or a base, which
 * has a checkout of its own. With both
 * `cwd` and `repo` the work runs in `cwd`, and `repo` must still be what it says.
 * Errors: JOB_DIRECTORY, JOB_REPO, POLICY_DIRECTORY.
 */
export async function resolveDirectory(
  spec: CommandSpec,
  box: DirectoryBox,
): Promise<string | undefined> {
  const repo = typeof spec.repo === 'string' ? await findDirectory(spec.repo, box) : undefined;
  // It has `.git` at its top: a folder, or a file in linked work trees and submodules.
  if (repo?.isInTree === false) {
    throw new AppError('JOB_REPO', `${spec.repo} is not inside a git work tree.`);
  }
  return spec.cwd === undefined ? repo?.real : requireDirectory(spec.cwd, box);
}

/** Makes the attempt's own directory, empty and closed to all but its owner; resolves with its path. */
export async function makeTemporary(
  folder: string,
  attempt: AttemptId,
  owner?: Pick<BoxUser, 'uid' | 'gid'>,
): Promise<string> {
  const path = join(folder, attempt);
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (owner !== undefined) await chown(path, owner.uid, owner.gid);
  return path;
}

/** Removes an attempt's directory; false when something in it withstood, which a later sweep retries. */
export async function removeTemporary(path: string): Promise<boolean> {
  return rm(path, { recursive: true, force: true, maxRetries: 2 }).then(
    () => true,
    () => false,
  );
}

/** Removes the directories of all attempts but those to keep. What withstands stays for the next time. */
export async function sweepTemporaries(folder: string, keep: readonly AttemptId[]): Promise<void> {
  const kept = new Set<string>(keep);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (/^J\d+\.\d+$/.test(name) && !kept.has(name)) await removeTemporary(join(folder, name));
  }
}

/** A directory by an absolute path or one below `~`, with links resolved. Errors: JOB_DIRECTORY, POLICY_DIRECTORY. */
export async function requireDirectory(named: string, box: DirectoryBox): Promise<string> {
  return (await findDirectory(named, box)).real;
}

async function findDirectory(
  named: string,
  { home, looks, rules }: DirectoryBox,
): Promise<Extract<DirectoryLook, { is: 'directory' }>> {
  const path = named === '~' || named.startsWith('~/') ? join(home, named.slice(1)) : named;
  if (!isAbsolute(path)) {
    throw new AppError('JOB_DIRECTORY', `${named} must be absolute or start with ~/.`);
  }
  const found = await looks.look(path);
  if (found.is !== 'directory') throw new AppError('JOB_DIRECTORY', describeLook(named, found));
  const refusal = await rules?.findDirectoryRefusal(found.real, async (root) => {
    const seen = await looks.look(root);
    return seen.is === 'directory' ? seen.real : undefined;
  });
  if (refusal !== undefined) throw refusal;
  return found;
}

function describeLook(named: string, found: Exclude<DirectoryLook, { is: 'directory' }>): string {
  switch (found.is) {
    case 'missing':
      return `${named} is not there.`;
    case 'other':
      return `${named} is not a directory.`;
    case 'closed':
      return `${named} may not be entered.`;
    case 'unseen':
      return `${named} cannot be looked at: ${found.why}.`;
    default:
      return unreachable(found);
  }
}
