/*
 * The durable messages: what hub and agent promise to deliver to each other, exactly once.
 *
 * A message is what an outbox row holds and what a `data` frame carries, byte for byte. Commands go
 * from hub to agent, facts from agent to hub. Every message names the attempt it is about, and so
 * carries its fencing token. Field names are retired, never reused; unknown fields are ignored.
 * Errors: FRAME_INVALID from `decodeMessage`.
 */
import { z } from 'zod';
import { decodeValue, encodeValue } from './codec.ts';
import { AppError } from './errors.ts';
import { isHotCommand, isHotFact } from './hot-shapes.ts';
import {
  artifactPathLettersMax,
  artifactPatternsMax,
  artifactsCountMax,
  baseLettersMax,
  messageBytesMax,
  promptLettersMax,
  secretNamesMax,
} from './limits.ts';
import { type AttemptId, outcomes, reconciles } from './model.ts';
import { peerText } from './peer-text.ts';

/** Wall milliseconds that a date can have; what lies beyond would break whoever shows it. */
const instant = z.number().int().nonnegative().max(8.64e15);
const duration = z.number().int().positive();
const count = z.number().int().nonnegative();

/** `J12.1` */
export const attemptIdSchema = z.custom<AttemptId>(
  (value) => typeof value === 'string' && /^J[1-9]\d{0,11}\.[1-9]\d{0,5}$/.test(value),
);

const shortText = z.string().max(4096);

/** A name that git may know a commit by; never a flag, never a path in a commit. */
export const baseSchema = z
  .string()
  .max(baseLettersMax)
  .regex(/^[\p{L}\p{N}_@][\p{L}\p{N}._/@{}~^+-]*$/u);

/** What a box calls a harness; a word of its capabilities. */
export const harnessIdSchema = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/);

const commandSpecFields = z.object({
  command: z.array(z.string().max(messageBytesMax)).max(16_384),
  prompt: z
    .object({ harness: harnessIdSchema, text: z.string().min(1).max(promptLettersMax) })
    .exactOptional(),
  cwd: shortText.exactOptional(),
  repo: z.union([shortText, z.object({ path: shortText, base: baseSchema })]).exactOptional(),
  env: z.record(z.string().max(256), z.string().max(64 * 1024)),
  secrets: z.array(z.string().max(256)).max(secretNamesMax).readonly().exactOptional(),
  deadlineMs: duration.exactOptional(),
  isIdempotent: z.boolean(),
  lostAfterMs: duration,
  stopAfterMs: duration.exactOptional(),
  mayReplace: z.boolean().exactOptional(),
  reconcile: z.enum(reconciles).exactOptional(),
  artifacts: z
    .array(z.string().min(1).max(artifactPathLettersMax))
    .max(artifactPatternsMax)
    .readonly()
    .exactOptional(),
});

/** What a job runs; the shape of `CommandSpec`. Either a command or a prompt, so that neither is taken for the other. */
export const commandSpecSchema = commandSpecFields.refine(
  ({ command, prompt }) => command.length > 0 === (prompt === undefined),
  { path: ['command'], message: 'either a command or a prompt' },
);

/** What a worker keeps of a checkout; the shape of `KeptDirectory`. */
export const keptDirectorySchema = z.object({
  directory: peerText(4096),
  changes: count,
  commits: count,
  note: peerText(512).exactOptional(),
});

/** What files a worker keeps for the hub; the shape of `ArtifactsReport`. */
export const artifactsReportSchema = z.object({
  kept: z
    .array(
      z.object({
        path: peerText(artifactPathLettersMax),
        bytes: count,
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(artifactsCountMax)
    .readonly(),
  missed: z
    .array(z.object({ path: peerText(artifactPathLettersMax), code: peerText(64) }))
    .max(artifactsCountMax)
    .readonly(),
});

/** What a process used; the shape of `WorkUsage`. */
export const usageSchema = z.object({
  exitCode: z.number().int().exactOptional(),
  signal: peerText(32).exactOptional(),
  cpuMs: z.number().nonnegative().exactOptional(),
  memoryBytesPeak: count.exactOptional(),
});

/** Hub → agent: one attempt is yours. `expiresAt` is by the hub's wall clock. */
const assignSchema = z.object({
  kind: z.literal('assign'),
  attempt: attemptIdSchema,
  spec: commandSpecSchema,
  issuedAt: instant,
  expiresAt: instant.exactOptional(),
});

/** Hub → agent: end this attempt, or never start it. Always answered by `finished`. */
const cancelSchema = z.object({
  kind: z.literal('cancel'),
  attempt: attemptIdSchema,
  at: instant,
});

/** Agent → hub: it is on my disk; I will run it or say why not. */
const acceptedSchema = z.object({
  kind: z.literal('accepted'),
  attempt: attemptIdSchema,
  at: instant,
});

/** Agent → hub: its process runs. `acceptedAt` where that was not reported by itself. */
const startedSchema = z.object({
  kind: z.literal('started'),
  attempt: attemptIdSchema,
  at: instant,
  acceptedAt: instant.exactOptional(),
});

/**
 * Agent → hub: how it ended. `logBytes` is where its log ends; `code` says why it was refused. With
 * `acceptedAt` it is the whole report: what came before its end may not have been reported by itself.
 */
const finishedSchema = z.object({
  kind: z.literal('finished'),
  attempt: attemptIdSchema,
  at: instant,
  outcome: z.enum(outcomes),
  code: peerText(64).exactOptional(),
  reason: peerText(4096).exactOptional(),
  acceptedAt: instant.exactOptional(),
  startedAt: instant.exactOptional(),
  usage: usageSchema,
  logBytes: count,
  artifacts: artifactsReportSchema.exactOptional(),
  kept: keptDirectorySchema.exactOptional(),
  /** It was said in an `ended` frame, so that the hub may know it already. */
  isRepeat: z.boolean().exactOptional(),
});

/** What a hub tells an agent. */
export const commandMessageSchema = z.discriminatedUnion('kind', [assignSchema, cancelSchema]);
/** What an agent tells a hub. */
export const factMessageSchema = z.discriminatedUnion('kind', [
  acceptedSchema,
  startedSchema,
  finishedSchema,
]);

/** Hub → agent. */
export type CommandMessage = z.infer<typeof commandMessageSchema>;
/** Agent → hub. */
export type FactMessage = z.infer<typeof factMessageSchema>;
/** Either direction. */
export type DurableMessage = CommandMessage | FactMessage;

/** The shape of a message's bytes on the wire: what they say is read by `decodeCommand` and `decodeFact`. */
export const messageBodySchema = z
  .custom<Uint8Array>((value) => value instanceof Uint8Array)
  .refine((value) => value.length > 0 && value.length <= messageBytesMax);

/** The bytes of a message, as they lie in the outbox and travel. */
export function encodeMessage(message: DurableMessage): Uint8Array {
  return encodeValue(message);
}

/** Reads a command. Errors: FRAME_INVALID. */
export function decodeCommand(bytes: Uint8Array): CommandMessage {
  const value = decodeValue(bytes);
  return isHotCommand(value)
    ? (value as CommandMessage)
    : parseOrRefuse(commandMessageSchema, value);
}

/** Reads a fact. Errors: FRAME_INVALID. */
export function decodeFact(bytes: Uint8Array): FactMessage {
  const value = decodeValue(bytes);
  return isHotFact(value) ? (value as FactMessage) : parseOrRefuse(factMessageSchema, value);
}

const headSchemas = {
  assign: z.object({ kind: z.literal('assign'), attempt: attemptIdSchema }),
  finished: z.object({ kind: z.literal('finished'), attempt: attemptIdSchema }),
};

/** The attempt that an assignment is about, where at least that can be read. */
export function findAssigned(bytes: Uint8Array): AttemptId | undefined {
  return findSubject('assign', bytes);
}

/** The attempt that a `finished` is about, where at least that can be read. */
export function findFinished(bytes: Uint8Array): AttemptId | undefined {
  return findSubject('finished', bytes);
}

function findSubject(kind: 'assign' | 'finished', bytes: Uint8Array): AttemptId | undefined {
  try {
    return headSchemas[kind].parse(decodeValue(bytes)).attempt;
  } catch {
    // Not even that: it may be anything.
    return undefined;
  }
}

function parseOrRefuse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new AppError('FRAME_INVALID', `A message does not fit its schema at "${where}".`);
}
