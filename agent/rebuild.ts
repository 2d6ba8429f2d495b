/*
 * What `odally repair` makes again of what lies outside of the store: the service, and the ties of checkouts.
 *
 * Each is derived from what a person or a dispatch once said, so making it again loses nothing. It looks
 * first, and says what it mended; what it can't mend is said by the doctor. Errors: SERVICE_*.
 */
import { readdir, readFile, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { AgentHome } from './home.ts';
import { openService } from './install/service-verb.ts';
import type { Program } from './ports.ts';
import { buildToolEnvironment } from './work/environment.ts';
import { askGit } from './work/git.ts';

/** Writes the files of an installed service again where they are gone; resolves with its name then. */
export async function rebuildService(
  parts: { readonly program: Program; readonly home: AgentHome },
  isDryRun: boolean,
): Promise<string | undefined> {
  const service = openService(parts);
  const { kind, name, isInstalled } = await service.look();
  if (kind === 'none' || isInstalled) return undefined;
  if (!isDryRun) await service.mend();
  return name ?? kind;
}

/**
 * Ties checkouts to their repositories again: one whose home was moved is unknown to its repository under its
 * new path, and the next `git worktree prune` there would forget it. Resolves with those it tied.
 */
export async function rejoinTrees(
  { home, program }: { readonly program: Program; readonly home: AgentHome },
  isDryRun: boolean,
): Promise<readonly string[]> {
  const names = await readdir(home.trees).catch(() => []);
  const env = buildToolEnvironment(program.env);
  const rejoined: string[] = [];
  for (const name of names.toSorted()) {
    const path = join(home.trees, name);
    if (await isTied(path)) continue;
    const scene = { at: path, env, ceiling: home.trees };
    if (!isDryRun && !(await askGit(scene, ['worktree', 'repair'])).isDone) continue;
    if (isDryRun || (await isTied(path))) rejoined.push(path);
  }
  return rejoined;
}

/** Does its repository know it where it is? True also for what is no checkout, or whose repository is gone. */
async function isTied(path: string): Promise<boolean> {
  const own = /^gitdir: (.+)$/m.exec(await readOr(join(path, '.git')))?.[1];
  if (own === undefined) return true;
  const known = (await readOr(join(resolve(path, own), 'gitdir'))).trim();
  if (known === '') return true;
  const real = await realpath(path).catch(() => path);
  return resolve(path, own, known) === join(real, '.git') || known === join(path, '.git');
}

function readOr(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
