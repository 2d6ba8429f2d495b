/*
 * The hub's home: where everything of one hub lies, and its config.
 *
 * `$WALLY_HOME`, else `~/.wally`. Paths only; nothing is opened here but the config.
 * Errors: CONFIG_INVALID.
 */
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { diskConfigSchema, findHomeDirectory, readConfig } from '../store/home.ts';
import { logBytesDefault } from '../store/log.ts';

/** Paths of one hub. */
export interface HubHome {
  readonly directory: string;
  readonly socket: string;
  readonly store: string;
  readonly ballast: string;
  readonly logs: string;
  readonly artifacts: string;
  readonly key: string;
  readonly config: string;
  readonly hubLog: string;
  /** The odally that `wally up --local` keeps beside the hub. */
  readonly localAgent: string;
}

/** The environment's part in it. */
export interface HomeEnv {
  readonly WALLY_HOME?: string | undefined;
  readonly ODALLY_HOME?: string | undefined;
}

/** Where the hub of this environment lives. */
export function findHubHome(env: HomeEnv): HubHome {
  const directory = findHomeDirectory(env.WALLY_HOME, '.wally');
  const agentNamed = env.ODALLY_HOME;
  return {
    directory,
    socket: join(directory, 'hub.sock'),
    store: join(directory, 'store'),
    ballast: join(directory, 'ballast'),
    logs: join(directory, 'logs'),
    artifacts: join(directory, 'artifacts'),
    key: join(directory, 'hub.key'),
    config: join(directory, 'config.toml'),
    hubLog: join(directory, 'hub.log'),
    localAgent:
      agentNamed === undefined || agentNamed === ''
        ? join(directory, 'odally')
        : resolve(agentNamed),
  };
}

const port = z.number().int().min(0).max(65_535);

const configSchema = z.strictObject({
  swarm: z
    .strictObject({
      /** IPv4 address that workers can dial; `127.0.0.1` keeps the hub to this box. */
      host: z.ipv4().default('127.0.0.1'),
      /** UDP port for workers; 0 takes a free one and keeps it. */
      port: port.default(0),
      /** UDP port of the embedded rendezvous; 0 takes a free one and keeps it. */
      rendezvous_port: port.default(0),
      /** What invites name instead of `host`, where the hub is behind another address. */
      advertise: z.array(z.string().min(1)).default([]),
    })
    .prefault({}),
  logs: z
    .strictObject({
      /** Bytes of output kept a job, head and tail together. */
      bytes_max: z.number().int().min(65_536).default(logBytesDefault),
    })
    .prefault({}),
  disk: diskConfigSchema,
});

/** The hub's `config.toml`. */
export type HubConfig = z.infer<typeof configSchema>;

/** Reads the config; every field has a default. */
export function readHubConfig(home: HubHome): Promise<HubConfig> {
  return readConfig(home.config, configSchema);
}
