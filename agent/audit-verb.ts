/*
 * `odally audit`: what the hub, and programs on this box, asked of this agent; and the proof that nobody changed it.
 *
 * The agent that runs is asked; where none runs the home is looked into. Errors: USAGE_*, STORE_*.
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { describeFlagFault, describeIssue } from '../protocol/argument-faults.ts';
import { findWhen, parseWhen } from '../protocol/duration.ts';
import { AppError } from '../protocol/errors.ts';
import type { Clock } from '../protocol/ports.ts';
import type { AuditTail } from '../store/audit.ts';
import { readHomeAudit } from '../store/audit-home.ts';
import type { AuditRow, AuditWish } from '../store/audit-list.ts';
import type { AuditProof } from '../store/audit-read.ts';
import { showAuditProof, showAuditRow } from '../store/audit-text.ts';
import type { AuditTrail } from '../store/audit-trail.ts';
import { askPatiently, dialAgent } from './agent-client.ts';
import { type AgentHome, findAgentHome } from './home.ts';
import type { Program } from './ports.ts';

/** Entries that one answer holds, and those that it holds where nobody says. */
const auditRowsMax = 1000;
const auditRowsDefault = 50;

const askSchema = z.object({
  verify: z.boolean(),
  noted: z.exactOptional(z.object({ n: z.number().int(), hash: z.string() })),
  since: z.exactOptional(z.number()),
  until: z.exactOptional(z.number()),
  verb: z.exactOptional(z.string()),
  surface: z.exactOptional(z.string()),
  limit: z.number().int().min(1).max(auditRowsMax),
});

/** What is wanted, with instants in wall milliseconds. */
export type AuditAsk = z.infer<typeof askSchema>;

/** What comes back. */
export type AuditAnswer = readonly AuditRow[] | AuditProof;

/** Reads what stands after `odally audit`. Errors: USAGE_FLAG, USAGE_ARGUMENT. */
export function parseAuditWords(words: readonly string[], clock: Clock): AuditAsk {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    ...{ since: text, until: text, verb: text, surface: text, limit: text, noted: text },
    ...{ verify: flag, json: flag },
  };
  try {
    const { values } = parseArgs({ args: [...words], options });
    const { since, until, verb, surface, limit, noted, verify = false } = values;
    const ask = {
      ...(noted === undefined ? {} : { noted: parseTail(noted) }),
      ...(since === undefined ? {} : { since: readWhen(since, clock) }),
      ...(until === undefined ? {} : { until: readWhen(until, clock) }),
      ...(verb === undefined ? {} : { verb }),
      ...(surface === undefined ? {} : { surface }),
      limit: limit === undefined ? auditRowsDefault : Number(limit),
      verify,
    };
    const parsed = askSchema.safeParse(ask, { error: describeIssue });
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new AppError('USAGE_ARGUMENT', `audit: ${issue?.path.join('.')}: ${issue?.message}.`);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('USAGE_FLAG', `audit: ${describeFlagFault(cause)}.`, { cause });
  }
}

/** Shows it: by the word of the agent that runs, or from the home. Resolves with the exit status. */
export async function runAudit(
  program: Pick<Program, 'env' | 'ports' | 'print' | 'say'>,
  words: readonly string[],
): Promise<number> {
  const { env, ports, print } = program;
  const home = findAgentHome(env.ODALLY_HOME);
  const ask = parseAuditWords(words, ports.clock);
  const client = await dialAgent(home).catch(() => undefined);
  const answer = await (client === undefined
    ? readAgentAudit(home, ask)
    : askPatiently(client, program, () => client.call('audit', ask) as Promise<AuditAnswer>)
  ).finally(() => client?.close());
  print(words.includes('--json') ? JSON.stringify(answer) : showAudit(answer));
  return 'isWhole' in answer && !answer.isWhole ? 1 : 0;
}

/** Answers on the agent's socket. Errors: USAGE_ARGUMENT, STORE_*. */
export async function answerAudit(trail: AuditTrail, args: unknown): Promise<AuditAnswer> {
  const parsed = askSchema.safeParse(args);
  if (!parsed.success) throw new AppError('USAGE_ARGUMENT');
  const ask = parsed.data;
  return ask.verify ? trail.verify(ask.noted) : trail.list(planWish(ask));
}

/** Looks into a home in which no agent runs. Errors: STORE_*. */
export function readAgentAudit(home: AgentHome, ask: AuditAsk): Promise<AuditAnswer> {
  return readHomeAudit(home, ask.verify ? { noted: ask.noted } : planWish(ask));
}

/** The answer in words. */
export function showAudit(answer: AuditAnswer): string {
  if ('isWhole' in answer) return showAuditProof(answer);
  return answer.map((row) => showAuditRow(row, (text) => text)).join('\n');
}

function planWish({ since, until, verb, surface, limit }: AuditAsk): AuditWish {
  return {
    ...{ since, until, countMax: limit },
    isWanted: (entry) =>
      (verb === undefined || entry.verb === verb) &&
      (surface === undefined || [entry.surface, ...entry.who.split(' ')].includes(surface)),
  };
}

function readWhen(text: string, clock: Clock): number {
  const when = parseWhen(text);
  if (when !== undefined) return findWhen(when, clock);
  throw new AppError('USAGE_ARGUMENT', `audit: "${text}" is neither a duration nor an instant.`);
}

function parseTail(text: string): AuditTail {
  const parts = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim());
  if (parts !== null) return { n: Number(parts[1]), hash: parts[2] ?? '' };
  throw new AppError('USAGE_ARGUMENT', `audit: "${text}" is not N:HASH.`);
}
