/*
 * How a job lies on disk: the schema of a `j/` row. Field names are retired, never reused.
 *
 * It mirrors `JobRecord`; a row that does not fit is STORE_DAMAGED and is never skipped.
 */
import { z } from 'zod';
import {
  artifactsReportSchema,
  commandSpecSchema,
  keptDirectorySchema,
  usageSchema,
} from '../../protocol/messages.ts';
import { type JobId, outcomes } from '../../protocol/model.ts';
import type { JobRecord } from './job.ts';

const jobId = z.custom<JobId>((value) => typeof value === 'string' && /^J[1-9]\d*$/.test(value));
const instant = z.number();

const times = z.object({
  queuedAt: instant,
  sentAt: instant.exactOptional(),
  acceptedAt: instant.exactOptional(),
  startedAt: instant.exactOptional(),
  finishedAt: instant.exactOptional(),
});

const end = z.object({
  outcome: z.enum(outcomes),
  at: instant,
  code: z.string().exactOptional(),
  reason: z.string().exactOptional(),
  usage: usageSchema,
  logBytes: z.number().exactOptional(),
  startedAt: instant.exactOptional(),
  artifacts: artifactsReportSchema.exactOptional(),
  kept: keptDirectorySchema.exactOptional(),
});

const ground = {
  times,
  cancelAskedAt: instant.exactOptional(),
  replacedAt: instant.exactOptional(),
};

const state = z.discriminatedUnion('is', [
  z.object({ is: z.literal('queued'), ...ground }),
  z.object({ is: z.literal('sent'), ...ground }),
  z.object({ is: z.literal('accepted'), ...ground }),
  z.object({ is: z.literal('started'), ...ground }),
  z.object({ is: z.literal('finished'), ...ground, end }),
]);

const attempt = z.object({
  n: z.number().int().positive(),
  worker: z.string(),
  state,
  expiresAt: instant.exactOptional(),
  isParked: z.literal(true).exactOptional(),
  givenSeq: z.number().exactOptional(),
});

/** The shape of a `j/` row. */
export const jobRowSchema: z.ZodType<JobRecord> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('command'),
    id: jobId,
    key: z.string().exactOptional(),
    labels: z.array(z.string()).exactOptional(),
    title: z.string(),
    createdAt: instant,
    parent: jobId.nullable(),
    spec: commandSpecSchema,
    targeting: z.object({ on: z.string().nullable(), need: z.array(z.string()) }),
    attempts: z.array(attempt).min(1),
    settledBy: z.number().int().positive().exactOptional(),
  }),
  z.object({
    kind: z.literal('group'),
    id: jobId,
    key: z.string().exactOptional(),
    labels: z.array(z.string()).exactOptional(),
    title: z.string(),
    createdAt: instant,
    spec: commandSpecSchema,
    children: z.array(jobId),
    ended: z.object({ outcome: z.enum(outcomes), at: instant }).exactOptional(),
  }),
]);
