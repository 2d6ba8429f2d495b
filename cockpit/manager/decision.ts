/*
 * A decision: one thing that only the M2 can call, with what is known about it.
 *
 * It is opened in the batch of the event that needs it and closed in the batch of what was decided, so
 * none is asked twice or forgotten. Today there is one kind: an attempt was lost and nothing may be
 * started in its place without a person's word. Records are values; field names are retired, never
 * reused.
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

/** One entry of the inbox. Instants are wall milliseconds. */
export interface Decision {
  readonly id: DecisionId;
  readonly kind: 'lost';
  readonly job: JobId;
  readonly attempt: AttemptId;
  readonly worker: PeerKey;
  readonly openedAt: number;
  /** What happened, and why the hub does not go on by itself. */
  readonly reason: string;
  readonly statement?: Statement;
  readonly answer?: DecisionAnswer;
}

const jobId = z.custom<JobId>((value) => typeof value === 'string' && /^J[1-9]\d*$/.test(value));
const decisionId = z.custom<DecisionId>(
  (value) => typeof value === 'string' && /^D[1-9]\d*$/.test(value),
);

/** The shape of a `d/` row. */
export const decisionRowSchema: z.ZodType<Decision> = z.object({
  id: decisionId,
  kind: z.literal('lost'),
  job: jobId,
  attempt: attemptIdSchema,
  worker: z.string(),
  openedAt: z.number(),
  reason: z.string(),
  statement: z.enum(['running', 'finished', 'unknown']).exactOptional(),
  answer: z
    .object({
      as: z.enum(['approve', 'reject', 'answer', 'moot']),
      at: z.number(),
      text: z.string().exactOptional(),
    })
    .exactOptional(),
});

/** Does it still wait for the M2? */
export function isOpen(decision: Decision): boolean {
  return decision.answer === undefined;
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
