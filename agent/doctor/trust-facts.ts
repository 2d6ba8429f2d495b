/*
 * What a doctor sees of a box's policy: whether it can be read, and whether the box holds what it asks.
 *
 * It asks with the same functions that decide and isolate when the hub sends work, so it can't say another
 * thing than they do. It changes nothing. Errors: CONFIG_INVALID.
 */
import { lstat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { AppError } from '../../protocol/errors.ts';
import { secretBytesMin } from '../../protocol/limits.ts';
import { readAgentConfig } from '../home.ts';
import { Policies } from '../policy/policies.ts';
import { openPolicyFile } from '../policy/policy-file.ts';
import { openIsolationBox } from '../work/box-isolation.ts';
import { isOwnFolder, nameSharedFolder } from '../work/shared-folder.ts';
import type { AgentRound } from './agent-round.ts';

/** The snapshot. */
export interface TrustFacts {
  /** Why the policy cannot be read. */
  readonly broken: string | null;
  /** Why work cannot be isolated as asked. */
  readonly refused: string | null;
  /** Limits that nothing here holds. */
  readonly unheld: readonly string[];
  /** Files that hold the key open to others, where work runs as another user; with their modes. */
  readonly open: readonly { readonly path: string; readonly mode: number }[];
  /** The folder for such work, where it is not ours. */
  readonly foreignFolder: string | null;
  /** Secret variables of the agent whose values are too short to be hidden. */
  readonly short: readonly string[];
}

/** Gathers the facts. */
export async function gatherTrust({ home, box }: AgentRound): Promise<TrustFacts> {
  const source = openPolicyFile(home.policy, homedir(), () => undefined);
  const config = await readAgentConfig(home);
  const policies = new Policies({
    ...{ source, env: box.env, isTerminalAllowed: config.terminal.allowed },
    box: await openIsolationBox(box.env),
  });
  const { state } = policies.rules;
  const { isolation } = policies;
  const isRefused = isolation instanceof AppError;
  const isOther = !isRefused && isolation.user !== undefined;
  const folder = nameSharedFolder(home.work);
  const isFolderThere = await lstat(folder).catch(() => undefined);
  const isForeign = isOther && isFolderThere !== undefined && !(await isOwnFolder(folder));
  return {
    broken: state.is === 'broken' ? state.error.message : null,
    refused: isRefused ? isolation.message : null,
    unheld: isRefused ? [] : isolation.unheld,
    open: isOther ? await listOpen([home.directory, home.key]) : [],
    foreignFolder: isForeign ? folder : null,
    short: policies
      .listSecrets({ env: {} })
      .filter(({ value }) => value !== '' && Buffer.byteLength(value) < secretBytesMin)
      .map(({ name }) => name),
  };
}

/** Either of them closed is enough. */
async function listOpen(paths: readonly string[]): Promise<TrustFacts['open']> {
  const found = await Promise.all(
    paths.map(async (path) => ({ path, mode: (await lstat(path)).mode & 0o777 })),
  );
  return found.every(({ mode }) => (mode & 0o077) !== 0) ? found : [];
}
