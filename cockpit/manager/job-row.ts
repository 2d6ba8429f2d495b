/*
 * How a job lies on disk: a list of its fields by their places, and the schema of a `j/` row.
 *
 * It mirrors `JobRecord`; a row that does not fit is STORE_DAMAGED and is never skipped. Every job is written twice
 * at least and names of fields were half of it, so they are in the tables here alone: a place is added at the end of
 * its list, retired, never reused. The instants of an attempt are told from when its job was made, and a worker that
 * was asked for by its key is not named again. In format 4 both stood there whole, up to format 3 a row was a map with
 * names; these are read for ever.
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
import { type JobId, outcomes, type ReceiptTimes } from '../../protocol/model.ts';
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

/** Of format 4: instants and workers whole. */
const wholeCommandKind = 0;
const groupKind = 1;
const commandKind = 2;

/** What the attempts of a job leave out, because the job says it. */
interface Known {
  readonly createdAt: number;
  readonly on: string | null;
}

/** An instant, from when its job was made; one that could not be told so comes back from a list. */
function listAt(at: number | undefined, { createdAt }: Known): unknown {
  if (at === undefined) return undefined;
  const sinceMs = at - createdAt;
  return Number.isSafeInteger(at) && Number.isSafeInteger(sinceMs) ? sinceMs : [at];
}

/** How what an attempt left out is named. What does not fit is left to the schema. */
interface Naming {
  readonly at: (value: unknown) => unknown;
  readonly worker: (value: unknown) => unknown;
}

/** In format 4 nothing was left out. */
const wholeNaming: Naming = { at: (value) => value, worker: (value) => value };

function makeNaming(createdAt: unknown, on: unknown): Naming {
  return {
    at: (value) => {
      if (typeof value === 'number' && typeof createdAt === 'number') return createdAt + value;
      return Array.isArray(value) ? value[0] : value;
    },
    worker: (value) => (value === true ? on : value),
  };
}

function planEndPlaces({ at }: Naming): Places {
  return [
    ['outcome'],
    ['at', at],
    ['usage', nameUsage],
    ['logBytes'],
    ['startedAt', at],
    ['code'],
    ['reason'],
    ['artifacts'],
    ['kept'],
  ];
}

function listEnd({ outcome, at, usage, ...end }: AttemptEnd, known: Known): readonly unknown[] {
  return [
    outcome,
    listAt(at, known),
    listUsage(usage),
    end.logBytes,
    listAt(end.startedAt, known),
    end.code,
    end.reason,
    end.artifacts,
    end.kept,
  ];
}

function planTimesPlaces({ at }: Naming): Places {
  return [
    ['queuedAt', at],
    ['sentAt', at],
    ['acceptedAt', at],
    ['startedAt', at],
    ['finishedAt', at],
  ];
}

function listTimes(times: ReceiptTimes, known: Known): readonly unknown[] {
  return [
    listAt(times.queuedAt, known),
    listAt(times.sentAt, known),
    listAt(times.acceptedAt, known),
    listAt(times.startedAt, known),
    listAt(times.finishedAt, known),
  ];
}

function planStatePlaces(naming: Naming): Places {
  return [
    ['is'],
    ['times', (value) => nameFields(value, planTimesPlaces(naming))],
    ['end', (value) => nameFields(value, planEndPlaces(naming))],
    ['cancelAskedAt', naming.at],
    ['replacedAt', naming.at],
  ];
}

function listState(state: HubAttemptState, known: Known): readonly unknown[] {
  return [
    state.is,
    listTimes(state.times, known),
    state.is === 'finished' ? listEnd(state.end, known) : undefined,
    listAt(state.cancelAskedAt, known),
    listAt(state.replacedAt, known),
  ];
}

function planAttemptPlaces(naming: Naming): Places {
  return [
    ['n'],
    ['worker', naming.worker],
    ['state', (value) => nameFields(value, planStatePlaces(naming))],
    ['expiresAt', naming.at],
    ['isParked'],
    ['givenSeq'],
  ];
}

function listAttempt(attempt: AttemptRecord, known: Known): readonly unknown[] {
  const { n, worker, state, expiresAt, isParked, givenSeq } = attempt;
  return [
    n,
    worker === known.on ? true : worker,
    listState(state, known),
    listAt(expiresAt, known),
    isParked,
    givenSeq,
  ];
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
  ['targeting'],
  ['attempts'],
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
  const { on, need } = job.targeting;
  const targeting = [on, need];
  const attempts = job.attempts.map((each) => listAttempt(each, { createdAt, on }));
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
  if (kind !== wholeCommandKind && kind !== commandKind) return value;
  const { attempts, targeting, createdAt, ...job } = nameFields(fields, commandPlaces) ?? {};
  const asked = nameTargeting(targeting);
  const { on } = asked;
  const naming = kind === commandKind ? makeNaming(createdAt, on) : wholeNaming;
  return {
    ...{ kind: 'command', parent: null, createdAt, ...job, targeting: asked },
    attempts: nameEach(attempts, planAttemptPlaces(naming)),
  };
}

function nameTargeting(value: unknown): Record<string, unknown> {
  return { on: null, ...nameFields(value, [['on'], ['need']]) };
}
