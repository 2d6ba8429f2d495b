/*
 * The box's policy as data: what `policy.toml` may say, read strictly.
 *
 * Every table and field is optional and an absent one forbids nothing, except that a list that is there
 * allows only what it names. A field that is unknown makes the whole file broken: a slip of the pen in
 * a rule must never mean that there is no rule. Pure. Errors: POLICY_BROKEN, naming the line or field.
 * Source: TOML 1.0 by smol-toml.
 */
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { artifactPatternsMax } from '../../protocol/limits.ts';
import { slotsMax } from '../limits.ts';
import { policyRuleLettersMax, policyRulesMax } from './limits.ts';

/** Kinds of work that a policy can allow. A new kind is one that older policies with a list do not allow. */
export const workKinds = ['command', 'prompt', 'terminal', 'fix', 'artifact'] as const;

/** One of them. */
export type WorkKind = (typeof workKinds)[number];

const line = z
  .string()
  .max(policyRuleLettersMax)
  .refine((text) => text.trim() !== '', 'an empty rule says nothing');
const lines = z.array(line).max(policyRulesMax);
const path = line.refine((text) => text.startsWith('/') || /^~(\/|$)/.test(text), {
  message: 'a path is absolute or starts with ~/',
});
const name = z.string().regex(/^[A-Za-z_*][A-Za-z0-9_*]{0,255}$/, {
  message: 'a name is of letters, digits and _, with * for any of them',
});
const names = z.array(name).max(policyRulesMax);
const count = z.number().int().min(1);

const policySchema = z.strictObject({
  work: z
    .strictObject({
      kinds: z.array(z.enum(workKinds)).optional(),
      /** Jobs that run at once, where the config would let more. */
      concurrency: count.max(slotsMax).optional(),
      /** Seconds that one job may run. */
      run_seconds_max: count.max(10 * 365 * 86_400).optional(),
    })
    .prefault({}),
  commands: z.strictObject({ allow: lines.optional(), deny: lines.default([]) }).prefault({}),
  directories: z.strictObject({ roots: z.array(path).max(policyRulesMax).optional() }).prefault({}),
  environment: z
    .strictObject({
      /** Names that a job may set. */
      set: names.optional(),
      /** Names of the agent's own environment that jobs and terminals get besides the usual. */
      pass: names.default([]),
      /** Names whose values never stand in a log. */
      secret: names.default([]),
    })
    .prefault({}),
  artifacts: z
    .strictObject({
      deny: z.array(line).max(artifactPatternsMax).default([]),
      /** Bytes of one file. */
      bytes_max: z.number().int().min(0).optional(),
    })
    .prefault({}),
  isolation: z
    .strictObject({
      /** Work and terminals run as this user. */
      user: z
        .string()
        .regex(/^[a-z_][a-z0-9_-]{0,31}$/i, 'a user is named as in /etc/passwd')
        .optional(),
      /** True: only in a systemd scope. False: never in one. */
      scope: z.boolean().optional(),
      /** Work must not be able to read the agent's key. */
      hide_key: z.boolean().default(false),
    })
    .prefault({}),
  limits: z
    .strictObject({
      memory_bytes_max: count.min(16 * 1024 * 1024).optional(),
      /** 100 is one core. */
      cpu_percent_max: count.optional(),
      processes_max: count.optional(),
    })
    .prefault({}),
});

/** A policy that could be read. */
export type Policy = z.output<typeof policySchema>;

/** What holds on a box: nothing, what its file says, or, where that cannot be read, no work at all. */
export type PolicyState =
  | { readonly is: 'open' }
  | { readonly is: 'ruled'; readonly policy: Policy }
  | { readonly is: 'broken'; readonly error: AppError };

/** What holds where there is no file: nothing is forbidden. */
export const openPolicy: Policy = policySchema.parse({});

/** The rules of a state that has some; undefined where the file is broken. */
export function findPolicy(state: PolicyState): Policy | undefined {
  if (state.is === 'broken') return undefined;
  return state.is === 'open' ? openPolicy : state.policy;
}

/** Reads the text of a policy; `file` is what the error names. Errors: POLICY_BROKEN. */
export function parsePolicy(text: string, file: string): Policy {
  const parsed = policySchema.safeParse(parseToml(text, file));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const where = [...(issue?.path ?? []), ...unknown].map(String);
  const at = findLine(text, where);
  const place = at === undefined ? '' : `line ${at}, `;
  const what = unknown.length > 0 ? 'there is no such field' : issue?.message;
  throw new AppError('POLICY_BROKEN', `${file}: ${place}${where.join('.')}: ${what}.`);
}

function parseToml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const place = `line ${cause.line}, column ${cause.column}`;
    throw new AppError('POLICY_BROKEN', `${file}: ${place}: this is not TOML.`, { cause });
  }
}

/** The line on which a field stands, as far as plain TOML shows it. */
function findLine(text: string, [table = '', field]: readonly string[]): number | undefined {
  const wanted =
    field === undefined ? undefined : new RegExp(`^\\s*"?${escapePattern(field)}"?\\s*=`);
  let isInside = false;
  let headerAt: number | undefined;
  for (const [at, row] of text.split('\n').entries()) {
    const header = /^\s*\[\s*([\w-]+)\s*\]/.exec(row)?.[1];
    if (header !== undefined) isInside = header === table;
    if (header === table) headerAt = at + 1;
    if (isInside && wanted?.test(row) === true) return at + 1;
    if (new RegExp(`^\\s*${escapePattern(table)}(\\s*=|\\.)`).test(row)) return at + 1;
  }
  return headerAt;
}

function escapePattern(text: string): string {
  return text.replaceAll(/[^\w-]/g, '\\$&');
}
