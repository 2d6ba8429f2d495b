/*
 * The hub's home: where everything of one hub lies, and its config.
 *
 * `$WALLY_HOME`, else `~/.wally`. Paths only; nothing is opened here but the config.
 * Errors: CONFIG_INVALID.
 */
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { placeSchema, reachPlacesMax } from '../protocol/reach.ts';
import type { AuditPolicy } from '../store/audit-keep.ts';
import {
  auditConfigFields,
  diskConfigSchema,
  findHomeDirectory,
  planAuditPolicy,
  readConfig,
} from '../store/home.ts';
import { logBytesDefault } from '../store/log.ts';
import {
  jobsDaysDefault,
  jobsMaxDefault,
  journalDaysDefault,
  journalMaxDefault,
  logsBytesMaxDefault,
  logsDaysDefault,
} from './hub/keep-limits.ts';
import type { KeepPolicy } from './manager/plan-retention.ts';
import { themeNames } from './tui/views/theme.ts';

/** Paths of one hub. */
export interface HubHome {
  readonly directory: string;
  readonly socket: string;
  readonly store: string;
  /** Says that there is a store, beside it. */
  readonly mark: string;
  readonly ballast: string;
  readonly logs: string;
  readonly artifacts: string;
  readonly key: string;
  readonly config: string;
  /** The keys that the screen's owner chose. */
  readonly keys: string;
  /** What was dispatched from the screen. */
  readonly history: string;
  readonly hubLog: string;
  /** Hubs on other machines that this cockpit was paired with. */
  readonly hubs: string;
  /** What retention took out of the store. */
  readonly archive: string;
  /** Node for boxes of other kinds than this. */
  readonly runtimes: string;
  /** What is old of the audit trail. */
  readonly audit: string;
  /** Backups, where nobody says where else. */
  readonly backups: string;
  /** What restoring and repairing put aside. */
  readonly setAside: string;
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
    mark: join(directory, 'store.made'),
    ballast: join(directory, 'ballast'),
    logs: join(directory, 'logs'),
    artifacts: join(directory, 'artifacts'),
    key: join(directory, 'hub.key'),
    config: join(directory, 'config.toml'),
    keys: join(directory, 'keys.toml'),
    history: join(directory, 'history'),
    hubLog: join(directory, 'hub.log'),
    hubs: join(directory, 'hubs'),
    archive: join(directory, 'archive'),
    runtimes: join(directory, 'runtimes'),
    audit: join(directory, 'audit'),
    backups: join(directory, 'backups'),
    setAside: join(directory, 'set-aside'),
    localAgent:
      agentNamed === undefined || agentNamed === ''
        ? join(directory, 'odally')
        : resolve(agentNamed),
  };
}

const days = z.number().min(0.01).max(36_500);

const keepConfigSchema = z
  .strictObject({
    /** Days that ended jobs, decided decisions and messages that could not be read are kept. */
    jobs_days: days.default(jobsDaysDefault),
    /** Jobs kept, however young. */
    jobs_max: z.number().int().min(1).default(jobsMaxDefault),
    /** Days that logs are kept; never longer than their jobs. */
    logs_days: days.default(logsDaysDefault),
    /** Bytes of logs kept, however young. */
    logs_bytes_max: z.number().int().min(1).default(logsBytesMaxDefault),
    /** Are logs exported too before they are removed? */
    logs_archive: z.boolean().default(false),
    /** Days that events are kept. */
    journal_days: days.default(journalDaysDefault),
    /** Events kept, however young. */
    journal_max: z.number().int().min(1).default(journalMaxDefault),
    ...auditConfigFields,
  })
  .prefault({});

const port = z.number().int().min(0).max(65_535);

const relay = z
  .string()
  .regex(/^[0-9a-f]{64}@/, { message: 'a relay is KEY@HOST:PORT, as `wally rendezvous` prints it' })
  .transform((text) => ({ key: text.slice(0, 64), place: text.slice(65) }))
  .pipe(z.object({ key: z.string(), place: placeSchema }))
  .transform(({ key, place: at }) => ({ key, ...at }));

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
      /**
       * Where the hub can be found besides at its own addresses: `hub`, only at the node beside it; a list of
       * `HOST:PORT`, at nodes of one's own (`wally rendezvous`); `public`, in the public DHT, whose nodes then
       * see the addresses of hub and agents, and a hash of the hub's key.
       */
      rendezvous: z
        .union([z.enum(['hub', 'public']), z.array(placeSchema).min(1).max(reachPlacesMax)])
        .default('hub'),
      /** A blind relay of one's own for who can't be reached otherwise: `KEY@HOST:PORT`. */
      relay: relay.optional(),
    })
    .prefault({}),
  logs: z
    .strictObject({
      /** Bytes of output kept a job, head and tail together. */
      bytes_max: z.number().int().min(65_536).default(logBytesDefault),
    })
    .prefault({}),
  disk: diskConfigSchema,
  keep: keepConfigSchema,
  ssh: z
    .strictObject({
      /** The program that gets onto other boxes, with its first arguments. */
      command: z.array(z.string().min(1)).min(1).default(['ssh']),
    })
    .prefault({}),
  /** Where boxes come from: what is laid over the shipped providers, and further ones. */
  provider: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  screen: z
    .strictObject({
      /** Colours of the screen; NO_COLOR means `mono`. */
      theme: z.enum(themeNames).default('ansi-16'),
      /** Does the screen take the mouse? Without it the terminal selects text by itself. */
      mouse: z.boolean().default(true),
      /** Does it ring and notify when something needs the M2 and its window has no focus? */
      bell: z.boolean().default(true),
    })
    .prefault({}),
});

/** The hub's `config.toml`. */
export type HubConfig = z.infer<typeof configSchema>;

/** The config of a home that has none. */
export const emptyHubConfig: HubConfig = configSchema.parse({});

/** `[keep]` as it is applied. */
export function readKeepPolicy({ keep }: Pick<HubConfig, 'keep'>): KeepPolicy {
  const dayMs = 24 * 60 * 60 * 1000;
  return {
    jobsMs: keep.jobs_days * dayMs,
    jobsMax: keep.jobs_max,
    logsMs: keep.logs_days * dayMs,
    logsBytesMax: keep.logs_bytes_max,
    isLogsArchived: keep.logs_archive,
    journalMs: keep.journal_days * dayMs,
    journalMax: keep.journal_max,
  };
}

/** The audit trail's part of `[keep]`. */
export function readAuditPolicy({ keep }: Pick<HubConfig, 'keep'>): AuditPolicy {
  return planAuditPolicy(keep);
}

/** Reads the config; every field has a default. */
export function readHubConfig(home: HubHome): Promise<HubConfig> {
  return readConfig(home.config, configSchema);
}
