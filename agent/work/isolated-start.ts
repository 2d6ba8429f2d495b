/*
 * The pieces of a start that depend on how work is kept apart: where it runs, and what is looked at first.
 *
 * What the policy asks and this box can't do is refused before anything is made. Errors: POLICY_ISOLATION,
 * JOB_SPAWN.
 */
import { AppError, wrapError } from '../../protocol/errors.ts';
import type { AttemptId, WorkUsage } from '../../protocol/model.ts';
import {
  type BoxUser,
  type Isolation,
  openIsolation,
  type WorkLimits,
} from '../policy/isolation.ts';
import { readScopeResult } from './box-isolation.ts';
import { readScopeBreach } from './breach.ts';
import type { Environment } from './environment.ts';
import { makeTemporary } from './job-directory.ts';
import type { Launch } from './launch.ts';
import { openSharedFolder } from './shared-folder.ts';
import type { Breach, WorkOrder } from './work.ts';

/** How this work is kept apart. */
export function findIsolation({ rules, spec }: WorkOrder): Isolation {
  const isolation = rules?.isolation ?? openIsolation;
  if (isolation instanceof AppError) throw isolation;
  if (isolation.user !== undefined && typeof spec.repo === 'object') {
    const detail = `policy.toml: isolation.user = "${isolation.user.name}": a checkout at a base lies in the agent’s home, where that user can’t go; name the directory alone.`;
    throw new AppError('POLICY_ISOLATION', detail);
  }
  return isolation;
}

/** Has it limits that are to be watched? A scope holds its own. */
export function hasLimits({ scope, limits }: Isolation): boolean {
  return scope === 'none' && Object.keys(limits).length > 0;
}

/** The attempt's own directory, where its user can reach it. */
export async function makeOwn(
  { directory }: { readonly directory: string },
  attempt: AttemptId,
  user: BoxUser | undefined,
): Promise<string> {
  try {
    if (user === undefined) return await makeTemporary(directory, attempt);
    return await makeTemporary(await openSharedFolder(directory), attempt, user);
  } catch (thrown) {
    throw wrapError(thrown, 'JOB_SPAWN');
  }
}

/** A name for the scope that no other attempt, of this agent or of another, has. */
export function nameUnit({ mark, attempt }: WorkOrder): string {
  return `wally-${mark.slice(0, 8).replaceAll(/[^A-Za-z0-9]/g, '_')}-${attempt}`;
}

/** What a scope that ended work by SIGKILL says of it. Never rejects. */
export async function judgeScope(
  { unit }: Launch,
  end: { readonly usage: WorkUsage; readonly limits: WorkLimits; readonly env: Environment },
): Promise<Breach | undefined> {
  const isKilled = end.usage.signal === 'SIGKILL' || end.usage.exitCode === 137;
  if (unit === undefined || !isKilled) return undefined;
  return readScopeBreach(end.limits, await readScopeResult(unit, end.env));
}
