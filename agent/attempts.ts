/*
 * The attempts that this agent holds: rows in memory, each a copy of its row on disk.
 *
 * It says how a row looks and which rows there are; the desk decides and commits. A row stays until
 * the hub has its outcome, its whole log and its artifacts, so that an attempt which is not here is a positive
 * statement. Errors: STORE_DAMAGED.
 */
import { z } from 'zod';
import type { ErrorCode } from '../protocol/errors.ts';
import type { InventoryRow } from '../protocol/frames.ts';
import { attemptsHeldMax } from '../protocol/limits.ts';
import {
  artifactsReportSchema,
  attemptIdSchema,
  commandSpecSchema,
  keptDirectorySchema,
  usageSchema,
} from '../protocol/messages.ts';
import { type AttemptId, outcomes } from '../protocol/model.ts';
import { attemptKey, prefixRange } from '../store/keys.ts';
import type { Kv } from '../store/kv.ts';
import { LatestRows } from '../store/latest-rows.ts';
import { readRow } from '../store/row-codec.ts';
import type { AttemptState } from './attempt-machine.ts';

const causes = z.enum(['cancel', 'deadline', 'run-time', 'hub-silent', 'agent-stop']);
const processSchema = z.object({ pid: z.number(), start: z.string(), mark: z.string() });
const endingSchema = z.object({
  outcome: z.enum(outcomes),
  at: z.number(),
  code: z.custom<ErrorCode>((value) => typeof value === 'string').exactOptional(),
  reason: z.string().exactOptional(),
  usage: usageSchema,
  kept: keptDirectorySchema.exactOptional(),
});

const stateSchema = z.discriminatedUnion('is', [
  z.object({ is: z.literal('accepted'), acceptedAt: z.number() }),
  z.object({ is: z.literal('starting'), acceptedAt: z.number(), endCause: causes.exactOptional() }),
  z.object({
    is: z.literal('running'),
    acceptedAt: z.number(),
    startedAt: z.number(),
    process: processSchema,
    endCause: causes.exactOptional(),
  }),
  z.object({
    is: z.literal('finished'),
    acceptedAt: z.number(),
    startedAt: z.number().exactOptional(),
    ending: endingSchema,
  }),
]);

const heldSchema = z.object({
  attempt: attemptIdSchema,
  spec: commandSpecSchema,
  issuedAt: z.number(),
  expiresAt: z.number().exactOptional(),
  state: stateSchema,
  finishedSeq: z.number().exactOptional(),
  logBytes: z.number().exactOptional(),
  artifacts: artifactsReportSchema.exactOptional(),
});

/** One attempt as it is held. `finishedSeq` is the outbox number of its last report. */
export type HeldAttempt = Omit<z.infer<typeof heldSchema>, 'state'> & {
  readonly state: AttemptState;
};

/** Reads every row, oldest job first. */
export async function readHeld(kv: Kv): Promise<readonly HeldAttempt[]> {
  const rows = await kv.range({
    ...prefixRange('a/'),
    countMax: attemptsHeldMax * 2,
    order: 'ascending',
  });
  return rows.map((row) => readRow(heldSchema, row) as HeldAttempt);
}

/** The rows that a desk writes with its commits. */
export type HeldRows = LatestRows<AttemptId, HeldAttempt>;

/** None to be written yet. */
export function openHeldRows(): HeldRows {
  return new LatestRows(attemptKey);
}

/** What hello says of the attempts held. */
export function listInventory(held: Iterable<HeldAttempt>): InventoryRow[] {
  return [...held]
    .slice(0, attemptsHeldMax)
    .map(({ attempt, state }) => ({ attempt, state: state.is }));
}
