/*
 * The frames about an agent's own life on its box: that it takes no new work, and that it leaves.
 *
 * Optional all of them: an older side naks what it does not know. Words of reasons and states may
 * grow, so a reader takes those that it knows and shows the rest as they are. Schemas only. Source: DESIGN section 5.
 */
import { z } from 'zod';
import { owedRowsMax } from './limits.ts';
import { attemptIdSchema } from './messages.ts';
import { peerText } from './peer-text.ts';

const id = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Agent → hub: it starts nothing new, because of this (`upgrade`, `leave`); null: it does again. */
const drainingSchema = z.object({ t: z.literal('draining'), why: peerText(16).nullable() });

/**
 * What would be lost if the agent went now: `running` or `waiting` work, a `report`, `log` or `artifacts` that
 * the hub lacks.
 */
export const owedSchema = z.object({ attempt: attemptIdSchema, what: peerText(16) });

/** Hub → agent: leave this box for good, giving up these attempts (or `all`). `isPlan`: only say what that would cost. */
const leaveAskSchema = z.object({
  t: z.literal('leave-ask'),
  id,
  discard: z.array(peerText(32)).max(owedRowsMax),
  isPlan: z.boolean(),
});

/** The answer: `leaving`, or `refused` with a code and what is owed, or for a plan `would`. */
const leaveSchema = z.object({
  t: z.literal('leave'),
  id,
  as: peerText(16),
  owed: z.array(owedSchema).max(owedRowsMax),
  code: peerText(64).exactOptional(),
  message: peerText(1024).exactOptional(),
});

/** Agent → hub: it leaves now, and is not to be trusted any more. The hub says it back once that is on its disk. */
const byeSchema = z.object({ t: z.literal('bye'), reason: peerText(256) });

/** All of them. */
export const boxFrameSchemas = [drainingSchema, leaveAskSchema, leaveSchema, byeSchema] as const;

/** What became of the last change of version, as a hello tells it. */
export const upgradeToldSchema = z.object({
  /** Names of versions, as their directories have them. */
  from: peerText(96),
  to: peerText(96),
  /** `done` or `rolled-back`. */
  as: peerText(16),
  code: peerText(64).exactOptional(),
  message: peerText(1024).exactOptional(),
  /** Wall milliseconds of the box; with `to` it tells one change from another. */
  at: z.number().min(0).max(8.64e15),
});

/** The same, as a type. */
export type UpgradeTold = z.infer<typeof upgradeToldSchema>;
/** One thing that would be lost. */
export type Owed = z.infer<typeof owedSchema>;
