/*
 * A decision: one thing that only the M2 can call, with what is known about it.
 *
 * It is opened in the batch of the event that needs it and closed in the batch of what was decided, so
 * none is asked twice or forgotten. Three kinds are about an attempt that came to nothing, one about a
 * fix of the doctor's that did not help, one about a box that asks to be let in, one about a box that could
 * not be made or let go. Records are values; field names are retired, never reused.
 */
import { z } from 'zod';
import { attemptIdSchema } from '../../protocol/messages.ts';
import type { AttemptId, JobId, PeerKey } from '../../protocol/model.ts';

/** A decision's short id, `D` and a number counted by its hub from 1. */
export type DecisionId = `D${number}`;

/** What a worker that came back says of a lost attempt: a positive statement, from its inventory. */
export type Statement = 'running' | 'finished' | 'unknown';

/** How a decision was closed. `moot`: what happened meanwhile left nothing to decide. */
export interface DecisionAnswer {
  readonly as: 'approve' | 'reject' | 'answer' | 'moot';
  readonly at: number;
  readonly text?: string;
}

interface Ground {
  readonly id: DecisionId;
  readonly openedAt: number;
  /** What happened, and why the hub does not go on by itself. */
  readonly reason: string;
  readonly answer?: DecisionAnswer;
}

/**
 * About an attempt: `lost` may have run; `refused` was not taken by its worker; `expired` was not
 * begun before its deadline.
 */
export interface JobDecision extends Ground {
  readonly kind: 'lost' | 'refused' | 'expired';
  readonly job: JobId;
  readonly attempt: AttemptId;
  readonly worker: PeerKey;
  readonly statement?: Statement;
}

/** About a finding that stood after its fix: which, and what the doctor saw. `on` is a worker's name. */
export interface FixDecision extends Ground {
  readonly kind: 'fix-failed';
  readonly check: string;
  readonly subject: string;
  readonly on?: string;
  readonly severity: 'error' | 'warning';
  readonly seen: string;
  readonly wanted: string;
  readonly plan: string;
}

/** About a box that came with an invite whose maker wants to be asked. */
export interface PairingDecision extends Ground {
  readonly kind: 'pairing';
  /** The invite's one-time key. */
  readonly invite: PeerKey;
  /** The key that would be trusted. */
  readonly peer: PeerKey;
  readonly host: string;
  readonly expiresAt: number;
}

/** About a spawned box, or about a provider's warm pool where `box` is absent. */
export interface SpawnDecision extends Ground {
  readonly kind: 'spawn';
  readonly provider: string;
  readonly box?: string;
  /** What the provider calls it, where it is there and may cost. */
  readonly boxId?: string;
}

/** One entry of the inbox. Instants are wall milliseconds. */
export type Decision = JobDecision | FixDecision | PairingDecision | SpawnDecision;

const jobId = z.custom<JobId>((value) => typeof value === 'string' && /^J[1-9]\d*$/.test(value));
const decisionId = z.custom<DecisionId>(
  (value) => typeof value === 'string' && /^D[1-9]\d*$/.test(value),
);

const ground = {
  id: decisionId,
  openedAt: z.number(),
  reason: z.string(),
  answer: z
    .object({
      as: z.enum(['approve', 'reject', 'answer', 'moot']),
      at: z.number(),
      text: z.string().exactOptional(),
    })
    .exactOptional(),
};

/** The shape of a `d/` row. */
export const decisionRowSchema: z.ZodType<Decision> = z.discriminatedUnion('kind', [
  z.object({
    ...ground,
    kind: z.enum(['lost', 'refused', 'expired']),
    job: jobId,
    attempt: attemptIdSchema,
    worker: z.string(),
    statement: z.enum(['running', 'finished', 'unknown']).exactOptional(),
  }),
  z.object({
    ...ground,
    kind: z.literal('fix-failed'),
    check: z.string(),
    subject: z.string(),
    on: z.string().exactOptional(),
    severity: z.enum(['error', 'warning']),
    seen: z.string(),
    wanted: z.string(),
    plan: z.string(),
  }),
  z.object({
    ...ground,
    kind: z.literal('pairing'),
    invite: z.string(),
    peer: z.string(),
    host: z.string(),
    expiresAt: z.number(),
  }),
  z.object({
    ...ground,
    kind: z.literal('spawn'),
    provider: z.string(),
    box: z.string().exactOptional(),
    boxId: z.string().exactOptional(),
  }),
]);

/** Does it still wait for the M2? */
export function isOpen(decision: Decision): boolean {
  return decision.answer === undefined;
}

/** Is it about an attempt? */
export function isAboutJob(decision: Decision): decision is JobDecision {
  const { kind } = decision;
  return kind === 'lost' || kind === 'refused' || kind === 'expired';
}

/** What a worker's statement means for whoever decides. */
export function describeStatement(statement: Statement): string {
  switch (statement) {
    case 'running':
      return 'Its worker is back and still had it running; it was told to stop.';
    case 'finished':
      return 'Its worker is back; how it ended there is kept with the job as a late report.';
    case 'unknown':
      return 'Its worker is back and knows nothing of it any more.';
  }
}
