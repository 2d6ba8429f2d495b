/*
 * Where work that runs as another user has its temporary directories: outside of the agent's home.
 *
 * The home is closed to others, so a folder below /tmp holds them, named after the home; its owner is
 * the agent's user, others may pass through and not list it. The name can be guessed, so a folder that
 * somebody else made, or a link, is refused. Errors: POLICY_ISOLATION.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { AppError, hasSystemCode } from '../../protocol/errors.ts';

/** The folder that stands in for this one. */
export function nameSharedFolder(folder: string): string {
  return `/tmp/odally-work-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`;
}

/** Makes the folder, or makes sure of it; resolves with its path. */
export async function openSharedFolder(folder: string): Promise<string> {
  const path = nameSharedFolder(folder);
  await mkdir(path, { mode: 0o711 }).catch((cause: unknown) => {
    if (!hasSystemCode(cause, 'EEXIST')) {
      throw new AppError('POLICY_ISOLATION', `${path} cannot be made.`, { cause });
    }
  });
  if (await isOwnFolder(path)) return path;
  throw new AppError('POLICY_ISOLATION', `${path} is not a folder of this agent’s alone.`);
}

/** Is it a folder that this user made, and only this user may write? */
export async function isOwnFolder(path: string): Promise<boolean> {
  const found = await lstat(path);
  const isOurs = found.isDirectory() && found.uid === process.getuid?.();
  return isOurs && (found.mode & 0o022) === 0;
}
