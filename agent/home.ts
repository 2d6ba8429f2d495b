/*
 * The agent's home: where everything of one agent lies, its config, and whom it is paired with.
 *
 * `$ODALLY_HOME`, else `~/.odally`. The pairing is written once, whole, by rename; it pins the
 * hub's key. Errors: CONFIG_INVALID, PAIR_MISSING.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError, hasSystemCode } from '../protocol/errors.ts';
import { harnessIdSchema } from '../protocol/messages.ts';
import { placeSchema, reachPlacesMax, reachSchema } from '../protocol/reach.ts';
import { saveWhole } from '../protocol/whole-file.ts';
import {
  auditConfigFields,
  diskConfigSchema,
  findHomeDirectory,
  readConfig,
} from '../store/home.ts';
import { logBytesDefault } from '../store/log.ts';
import { graceMsDefault, slotsMax } from './limits.ts';

/** Paths of one agent. */
export interface AgentHome {
  readonly directory: string;
  readonly socket: string;
  /** Where `odally --stdio` brings the hub to the agent. */
  readonly stdioSocket: string;
  readonly store: string;
  readonly ballast: string;
  readonly logs: string;
  readonly artifacts: string;
  readonly work: string;
  /** Checkouts at a base, some of which hold work that is nowhere else. */
  readonly trees: string;
  /** What guards of leases did while no agent lived. */
  readonly guard: string;
  /** What was taken out of the store. */
  readonly archive: string;
  /** What is old of the audit trail. */
  readonly audit: string;
  /** Backups, where nobody says where else. */
  readonly backups: string;
  /** What earlier pairings held. */
  readonly setAside: string;
  readonly key: string;
  readonly config: string;
  /** What the hub may do here. */
  readonly policy: string;
  readonly pairing: string;
  readonly agentLog: string;
}

/** Where the agent of this environment lives. */
export function findAgentHome(named: string | undefined): AgentHome {
  const directory = findHomeDirectory(named, '.odally');
  return {
    directory,
    socket: join(directory, 'odally.sock'),
    stdioSocket: join(directory, 'stdio.sock'),
    store: join(directory, 'store'),
    ballast: join(directory, 'ballast'),
    logs: join(directory, 'logs'),
    artifacts: join(directory, 'artifacts'),
    work: join(directory, 'work'),
    trees: join(directory, 'trees'),
    guard: join(directory, 'guard'),
    archive: join(directory, 'archive'),
    audit: join(directory, 'audit'),
    backups: join(directory, 'backups'),
    setAside: join(directory, 'set-aside'),
    key: join(directory, 'odally.key'),
    config: join(directory, 'config.toml'),
    policy: join(directory, 'policy.toml'),
    pairing: join(directory, 'pairing.json'),
    agentLog: join(directory, 'odally.log'),
  };
}

const configSchema = z.strictObject({
  /** What reports call this box; its host name where absent. */
  host: z.string().min(1).max(256).optional(),
  /** Jobs that run at once; the number of cpus where absent. */
  slots: z.number().int().min(1).max(slotsMax).optional(),
  /** Where the hub is dialled, whatever it says of its places: the near end of a tunnel, say. */
  hub_addresses: z.array(placeSchema).max(reachPlacesMax).default([]),
  /** Words that `--need` matches, besides the tools found. */
  has: z.array(z.string().min(1).max(64)).max(128).default([]),
  /** Milliseconds between TERM and KILL. */
  grace_ms: z.number().int().min(0).max(600_000).default(graceMsDefault),
  logs: z
    .strictObject({
      /** Bytes of output kept a job until the hub has it, head and tail together. */
      bytes_max: z.number().int().min(65_536).default(logBytesDefault),
    })
    .prefault({}),
  disk: diskConfigSchema,
  /** Programs that a prompt can be given to, by the name that jobs ask for; an empty command: not here. */
  harness: z
    .record(
      harnessIdSchema,
      z.strictObject({ command: z.array(z.string().min(1).max(4096)).max(64) }),
    )
    .default({}),
  keep: z.strictObject(auditConfigFields).prefault({}),
  terminal: z
    .strictObject({
      /** May the hub open terminals on this box? */
      allowed: z.boolean().default(true),
    })
    .prefault({}),
});

/** The agent's `config.toml`. */
export type AgentConfig = z.infer<typeof configSchema>;

/** Reads the config; every field has a default. */
export function readAgentConfig(home: AgentHome): Promise<AgentConfig> {
  return readConfig(home.config, configSchema);
}

const pairingSchema = z.object({
  hub: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string(),
  /** One-time key of the code that made it; absent in pairings of older versions. */
  invite: z.string().optional(),
  ...reachSchema.shape,
});

/** The hub that this agent trusts, and where it may be. */
export type Pairing = z.infer<typeof pairingSchema>;

/** The pairing, if there is one. Errors: CONFIG_INVALID for one that cannot be read. */
export async function findPairing(home: AgentHome): Promise<Pairing | undefined> {
  const text = await readFile(home.pairing, 'utf8').catch((error: unknown) => {
    if (hasSystemCode(error, 'ENOENT')) return undefined;
    throw new AppError('CONFIG_INVALID', `${home.pairing} cannot be read.`, { cause: error });
  });
  if (text === undefined) return undefined;
  try {
    return pairingSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', `${home.pairing} is damaged.`, { cause });
  }
}

/** Writes the pairing, whole or not at all; `pid` keeps two who pair at once out of each other's way. */
export async function savePairing(home: AgentHome, pairing: Pairing, pid: number): Promise<void> {
  const file = home.pairing;
  const text = `${JSON.stringify(pairing, null, 2)}\n`;
  await saveWhole({ file, aside: `${file}.${pid}.new`, text });
}
