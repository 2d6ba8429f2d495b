/*
 * How a job lies on disk: a list of its fields by their places, and the schema of a `j/` row.
 *
 * It mirrors `JobRecord`; a row that does not fit is STORE_DAMAGED and is never skipped. Every job is written twice
 * at least and names of fields were half of it, so they are in the tables here alone: a place is added at the end of
 * its list, retired, never reused. Up to format 3 a row was a map with names, and is read as such for ever.
 */
import { z } from 'zod';
import {
  listSpec,
  listUsage,
  nameEach,
  nameFields,
  nameSpec,
  nameUsage,
  type Places,
} from '../../protocol/listed.ts';
import {
  artifactsReportSchema,
  commandSpecSchema,
  keptDirectorySchema,
  usageSchema,
} from '../../protocol/messages.ts';
import { type JobId, outcomes } from '../../protocol/model.ts';
import type { AttemptEnd, HubAttemptState } from './attempt-machine.ts';
import type { AttemptRecord, JobRecord } from './job.ts';

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

const jobSchema = z.discriminatedUnion('kind', [
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

/** The shape of a `j/` row. */
export const jobRowSchema: z.ZodType<JobRecord> = z.preprocess(nameJob, jobSchema);

const commandKind = 0;
const groupKind = 1;

const endPlaces: Places = [
  ['outcome'],
  ['at'],
  ['usage', nameUsage],
  ['logBytes'],
  ['startedAt'],
  ['code'],
  ['reason'],
  ['artifacts'],
  ['kept'],
];

function listEnd({ outcome, at, usage, ...end }: AttemptEnd): readonly unknown[] {
  return [
    outcome,
    at,
    listUsage(usage),
    end.logBytes,
    end.startedAt,
    end.code,
    end.reason,
    end.artifacts,
    end.kept,
  ];
}

const timesPlaces: Places = [
  ['queuedAt'],
  ['sentAt'],
  ['acceptedAt'],
  ['startedAt'],
  ['finishedAt'],
];

const statePlaces: Places = [
  ['is'],
  ['times', (value) => nameFields(value, timesPlaces)],
  ['end', (value) => nameFields(value, endPlaces)],
  ['cancelAskedAt'],
  ['replacedAt'],
];

function listState(state: HubAttemptState): readonly unknown[] {
  const { is, times } = state;
  return [
    is,
    [times.queuedAt, times.sentAt, times.acceptedAt, times.startedAt, times.finishedAt],
    state.is === 'finished' ? listEnd(state.end) : undefined,
    state.cancelAskedAt,
    state.replacedAt,
  ];
}

const attemptPlaces: Places = [
  ['n'],
  ['worker'],
  ['state', (value) => nameFields(value, statePlaces)],
  ['expiresAt'],
  ['isParked'],
  ['givenSeq'],
];

function listAttempt(attempt: AttemptRecord): readonly unknown[] {
  const { n, worker, state, expiresAt, isParked, givenSeq } = attempt;
  return [n, worker, listState(state), expiresAt, isParked, givenSeq];
}

/** Those that every job has stand first, after its kind. */
const jobPlaces: Places = [
  ['id'],
  ['title'],
  ['createdAt'],
  ['spec', nameSpec],
  ['key'],
  ['labels'],
];

const commandPlaces: Places = [
  ...jobPlaces,
  ['parent'],
  ['targeting', (value) => ({ on: null, ...nameFields(value, [['on'], ['need']]) })],
  ['attempts', (value) => nameEach(value, attemptPlaces)],
  ['settledBy'],
];

const groupPlaces: Places = [
  ...jobPlaces,
  ['children'],
  ['ended', (value) => nameFields(value, [['outcome'], ['at']])],
];

/** What a `j/` row holds. */
export function listJob(job: JobRecord): readonly unknown[] {
  const { id, title, createdAt, key, labels } = job;
  const spec = listSpec(job.spec);
  if (job.kind === 'group') {
    const ended = job.ended && [job.ended.outcome, job.ended.at];
    return [groupKind, id, title, createdAt, spec, key, labels, job.children, ended];
  }
  const { parent, settledBy } = job;
  const targeting = [job.targeting.on, job.targeting.need];
  const attempts = job.attempts.map(listAttempt);
  return [
    commandKind,
    id,
    title,
    createdAt,
    spec,
    key,
    labels,
    parent,
    targeting,
    attempts,
    settledBy,
  ];
}

/** What is no list is a row of before, or no job: the schema says which. */
function nameJob(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const [kind, ...fields] = value as readonly unknown[];
  if (kind === groupKind) return { kind: 'group', ...nameFields(fields, groupPlaces) };
  if (kind !== commandKind) return value;
  return { kind: 'command', parent: null, ...nameFields(fields, commandPlaces) };
}
