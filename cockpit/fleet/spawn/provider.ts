/*
 * Providers: where boxes come from, as data.
 *
 * A provider of kind `command` is three command templates (up, list, down) with the places in their JSON where
 * id, tag, address and state stand, and the way in afterwards. `local` and `ssh` need no commands. What a
 * person's config says is laid over the shipped data of the same name, or of the one that `like` names.
 * Errors: CONFIG_INVALID naming the field.
 */
import { z } from 'zod';
import { parseDuration } from '../../../protocol/duration.ts';
import { AppError } from '../../../protocol/errors.ts';
import {
  boxesMaxDefault,
  boxesMaxMax,
  commandMsMax,
  downMsDefault,
  listMsDefault,
  lookMsDefault,
  poolHostsMax,
  settleMsDefault,
  upMsDefault,
  watchMsDefault,
} from './limits.ts';
import { shippedProviders } from './shipped.ts';

const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: `"${text}" is not a duration (say 90s, 30m or 4h)` });
  return z.NEVER;
});

const timeout = duration.refine((ms) => ms <= commandMsMax, 'a command is given an hour at most');

/** Pieces of argv; the first names the program. */
const template = z
  .array(z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]))
  .min(1)
  .refine(([program]) => typeof program === 'string' && !program.includes('{'), {
    message: 'the first piece names the program',
  });

/** `a.b.0.c`: keys and positions on the way into a JSON value; empty for the value itself. */
const path = z.string().regex(/^(?:[\w-]+(?:\.[\w-]+)*)?$/, 'a path is keys with dots between');

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'that is no name of a variable');

const host = z.string().regex(/^[A-Za-z0-9_][\w.@:[\]-]{0,255}$/, 'that is no USER@HOST');

const common = {
  /** Boxes at once, those that are being made included. */
  max: z.number().int().min(1).max(boxesMaxMax).default(boxesMaxDefault),
  /** Boxes that are kept ready besides those that were asked for. */
  warm: z.number().int().min(0).max(boxesMaxMax).default(0),
  /** An idle box is let go after so long where `spawn` says nothing. */
  ttl: duration.optional(),
};

const paceOf = (defaults: { lookMs: number; watchMs: number; settleMs: number }) => ({
  look: duration.default(defaults.lookMs),
  watch: duration.default(defaults.watchMs),
  settle: duration.default(defaults.settleMs),
});

const cloudPace = {
  lookMs: lookMsDefault,
  watchMs: watchMsDefault,
  settleMs: settleMsDefault,
};

/** What is looked at here or over ssh is as it is at once. */
const nearPace = { lookMs: 1000, watchMs: 30_000, settleMs: 1 };

const enterSchema = z.discriminatedUnion('via', [
  z.strictObject({
    via: z.literal('ssh'),
    target: z.string().min(1),
    port: z.number().int().min(1).max(65_535).optional(),
    identity: z.string().min(1).optional(),
  }),
  /** A program that runs a command on the box as ssh would: its words are put behind these. */
  z.strictObject({ via: z.literal('wrapper'), command: template }),
]);

const commandProviderSchema = z.strictObject({
  kind: z.literal('command'),
  ...common,
  ...paceOf(cloudPace),
  /** What the templates' places may take from here: a repository, an image, a size. */
  values: z.record(z.string(), z.string()).default({}),
  /** Variables of the hub's environment that the commands see, besides the few that every program needs. */
  env: z.array(variable).max(64).default([]),
  up: z.strictObject({ command: template, timeout: timeout.default(upMsDefault) }),
  list: z.strictObject({
    command: template,
    timeout: timeout.default(listMsDefault),
    /** The array of boxes in the answer. */
    boxes: path.default(''),
    id: path,
    /** Where the tag is that the box was made with. */
    tag: path,
    address: path.optional(),
    state: path.optional(),
    /** States in which it can be entered; any that is not in `gone` where absent. */
    ready: z.array(z.string()).optional(),
    /** States of what is still named but not there any more. */
    gone: z.array(z.string()).default([]),
  }),
  down: z.strictObject({ command: template, timeout: timeout.default(downMsDefault) }),
  enter: enterSchema,
});

const localProviderSchema = z.strictObject({
  kind: z.literal('local'),
  ...common,
  ...paceOf(nearPace),
});

const sshProviderSchema = z.strictObject({
  kind: z.literal('ssh'),
  ...common,
  ...paceOf(nearPace),
  hosts: z.array(host).max(poolHostsMax).default([]),
});

const providerSchema = z
  .discriminatedUnion('kind', [commandProviderSchema, localProviderSchema, sshProviderSchema])
  .refine(({ warm, max }) => warm <= max, 'warm: more than `max` can never be kept ready');

type Parsed = z.infer<typeof providerSchema>;

/** One provider, as it is used. */
export type Provider = Parsed & { readonly name: string };

/** One that runs commands. */
export type CommandProvider = Extract<Parsed, { kind: 'command' }> & { readonly name: string };

/** `[provider.NAME]` as it was written. */
export type ProviderTables = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Every provider there is: the shipped ones with what the config says of them, then its own. */
export function readProviders(tables: ProviderTables): ReadonlyMap<string, Provider> {
  const names = new Set([...Object.keys(shippedProviders), ...Object.keys(tables)]);
  return new Map([...names].map((name) => [name, readProvider(name, tables[name] ?? {})]));
}

function readProvider(name: string, own: Readonly<Record<string, unknown>>): Provider {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) {
    throw new AppError('CONFIG_INVALID', `provider.${name}: a provider’s name is one short word.`);
  }
  const { like = name, ...fields } = own;
  const base = typeof like === 'string' ? shippedProviders[like] : undefined;
  if (base === undefined && own.like !== undefined) {
    throw new AppError('CONFIG_INVALID', `provider.${name}.like: there is no provider "${like}".`);
  }
  const parsed = providerSchema.safeParse(lay({ kind: 'command', ...base }, fields));
  if (parsed.success) return limitPool({ ...parsed.data, name });
  const issue = parsed.error.issues[0];
  const where = ['provider', name, ...(issue?.path ?? [])].join('.');
  throw new AppError('CONFIG_INVALID', `${where}: ${issue?.message}.`);
}

/** A pool of hosts has one box a host. */
function limitPool(provider: Provider): Provider {
  if (provider.kind !== 'ssh' || provider.hosts.length === 0) return provider;
  const max = Math.min(provider.max, provider.hosts.length);
  return { ...provider, max, warm: Math.min(provider.warm, max) };
}

/** One table over the other: what both have as tables is merged, all else is the upper one's. */
function lay(
  below: Readonly<Record<string, unknown>>,
  above: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = merged[key];
    // The way in is one thing: half of one way and half of another is none.
    const isMerged = key !== 'enter' && isTable(under) && isTable(value);
    merged[key] = isMerged ? lay(under, value) : value;
  }
  return merged;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
