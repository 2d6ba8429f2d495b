/*
 * `odally self-check`: could this version serve this home? Asked of a version before it is made the current one.
 *
 * It loads what an agent loads and does with each native part the least that proves it: a store is opened, a key
 * made, a socket bound. The home's own store belongs to the agent that runs, so only its format is compared.
 * It changes nothing. Errors: CONFIG_INVALID, PAIR_MISSING, KEY_INVALID, STORE_*, LINK_*.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../protocol/errors.ts';
import { ownVersions } from '../../protocol/frames.ts';
import { loadOrCreateIdentity } from '../../protocol/identity.ts';
import { openAgentSwarm } from '../../protocol/transports/swarm.ts';
import { storeMigrations } from '../../store/format.ts';
import { openLevelKv } from '../../store/open.ts';
import { type AgentHome, findPairing, readAgentConfig } from '../home.ts';
import type { Program } from '../ports.ts';

/** What a version says of itself. */
export interface SelfCheck {
  readonly version: string;
  readonly protoMin: number;
  readonly protoMax: number;
  /** The format that it gives a store. */
  readonly format: number;
}

/** Checks; `format` is that of the home's store, where it is known. */
export async function checkSelf(
  {
    program,
    home,
    version,
  }: { readonly program: Program; readonly home: AgentHome; readonly version: string },
  format: number | undefined,
): Promise<SelfCheck> {
  const own = storeMigrations.length + 1;
  if (format !== undefined && format > own) {
    throw new AppError(
      'STORE_FORMAT',
      `The store has format ${format}; this version knows ${own}.`,
    );
  }
  await readAgentConfig(home);
  if ((await findPairing(home)) === undefined) throw new AppError('PAIR_MISSING');
  const directory = await mkdtemp(join(home.directory, '.check-'));
  try {
    const kv = await openLevelKv(join(directory, 'store'));
    await kv.batch([{ type: 'put', key: 'x', value: new Uint8Array([1]) }], 'synced');
    await kv.close();
    await loadOrCreateIdentity(join(directory, 'key'), program.ports.random);
    const swarm = await openAgentSwarm({ ports: program.ports });
    await swarm.close();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return { version, ...ownVersions, format: own };
}
