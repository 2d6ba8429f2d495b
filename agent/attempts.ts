/*
 * The attempts that this agent holds: in memory, each a copy of what the disk last says of it.
 *
 * It says how an attempt is written and which there are; the desk decides and commits. One stays until
 * the hub has its outcome, its whole log and its artifacts, so that an attempt which is not here is a positive
 * statement. Errors: STORE_DAMAGED.
 */
import { z } from 'zod';
import type { ErrorCode } from '../protocol/errors.ts';
import type { InventoryRow } from '../protocol/frames.ts';
import { attemptsHeldMax } from '../protocol/limits.ts';
import {
  listSpec,
  listUsage,
  nameFields,
  nameSpec,
  nameUsage,
  type Places,
} from '../protocol/listed.ts';
import {
  artifactsReportSchema,
  attemptIdSchema,
  type CommandMessage,
  commandSpecSchema,
  keptDirectorySchema,
  usageSchema,
} from '../protocol/messages.ts';
import { type AttemptId, outcomes } from '../protocol/model.ts';
import { type ChangeLog, canReadChanges, openChangeLog, readChanges } from '../store/change-log.ts';
import { compareAttempts, heldKey } from '../store/keys.ts';
import type { Kv, KvRow } from '../store/kv.ts';
import type { AttemptState } from './attempt-machine.ts';
import { attemptsKeptMax } from './limits.ts';

type AssignMessage = Extract<CommandMessage, { kind: 'assign' }>;

const causes = z.enum(['cancel', 'deadline', 'run-time', 'hub-silent', 'agent-stop']);
/** The shape of a process in a row. */
export const processSchema = z.object({ pid: z.number(), start: z.string(), mark: z.string() });
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

const heldMapSchema = z.object({
  attempt: attemptIdSchema,
  spec: commandSpecSchema,
  issuedAt: z.number(),
  expiresAt: z.number().exactOptional(),
  state: stateSchema,
  finishedSeq: z.number().exactOptional(),
  logBytes: z.number().exactOptional(),
  artifacts: artifactsReportSchema.exactOptional(),
});

/** One as it is written: a list by places; up to format 3 a map. */
const heldSchema = z.preprocess((value) => nameFields(value, heldPlaces) ?? value, heldMapSchema);

const endingPlaces: Places = [
  ['outcome'],
  ['at'],
  ['usage', nameUsage],
  ['code'],
  ['reason'],
  ['kept'],
];

const statePlaces: Places = [
  ['is'],
  ['acceptedAt'],
  ['startedAt'],
  ['process', (value) => nameFields(value, [['pid'], ['start'], ['mark']])],
  ['endCause'],
  ['ending', (value) => nameFields(value, endingPlaces)],
];

const heldPlaces: Places = [
  ['attempt'],
  ['spec', nameSpec],
  ['issuedAt'],
  ['state', (value) => nameFields(value, statePlaces)],
  ['expiresAt'],
  ['finishedSeq'],
  ['logBytes'],
  ['artifacts'],
];

function listHeld(held: HeldAttempt): readonly unknown[] {
  const { attempt, spec, issuedAt, state, expiresAt, finishedSeq, logBytes, artifacts } = held;
  return [
    attempt,
    listSpec(spec),
    issuedAt,
    listState(state),
    expiresAt,
    finishedSeq,
    logBytes,
    artifacts,
  ];
}

function listState(state: AttemptState): readonly unknown[] {
  const { is, acceptedAt } = state;
  if (is === 'accepted') return [is, acceptedAt];
  if (is === 'starting') return [is, acceptedAt, undefined, undefined, state.endCause];
  if (is === 'finished') {
    const { outcome, at, usage, code, reason, kept } = state.ending;
    const ending = [outcome, at, listUsage(usage), code, reason, kept];
    return [is, acceptedAt, state.startedAt, undefined, undefined, ending];
  }
  const { pid, start, mark } = state.process;
  return [is, acceptedAt, state.startedAt, [pid, start, mark], state.endCause];
}

/** One attempt as it is held. `finishedSeq` is the outbox number of its last report. */
export type HeldAttempt = Omit<z.infer<typeof heldMapSchema>, 'state'> & {
  readonly state: AttemptState;
};

const log = {
  prefix: 'ah/',
  keyOf: heldKey,
  idOf: ({ attempt }: HeldAttempt) => attempt,
  describe: listHeld,
  schema: heldSchema as z.ZodType<HeldAttempt>,
} as const;

/** The rows that a desk writes with its commits. */
export type HeldRows = ChangeLog<AttemptId, HeldAttempt>;

/** What the rows hold, none of which is missing. Errors: STORE_DAMAGED, STORE_IO. */
export function openHeldRows(kv: Pick<Kv, 'range'>): Promise<HeldRows> {
  return openChangeLog<AttemptId, HeldAttempt>(kv, log);
}

/** Oldest job first. */
export function sortHeld(held: readonly HeldAttempt[]): readonly HeldAttempt[] {
  return held.toSorted((a, b) => compareAttempts(a.attempt, b.attempt));
}

/** All that is held, oldest job first, for who only looks. Errors: those of `openHeldRows`. */
export async function readHeld(kv: Pick<Kv, 'range'>): Promise<readonly HeldAttempt[]> {
  return sortHeld((await openHeldRows(kv)).list());
}

/** The same as far as rows are there: for who puts it aside, since some are missing. */
export async function salvageHeld(kv: Pick<Kv, 'range'>): Promise<readonly HeldAttempt[]> {
  return sortHeld(await readChanges<AttemptId, HeldAttempt>(kv, log));
}

/** Can this row be read back, if it is one of these? */
export function canReadHeld(row: KvRow): boolean {
  return !row.key.startsWith(log.prefix) || canReadChanges<AttemptId, HeldAttempt>(row, log);
}

/** What the hub gave, as it is held from now on. */
export function acceptAttempt(message: AssignMessage, acceptedAt: number): HeldAttempt {
  const { attempt, spec, issuedAt, expiresAt } = message;
  const expires = expiresAt === undefined ? {} : { expiresAt };
  return { attempt, spec, issuedAt, ...expires, state: { is: 'accepted', acceptedAt } };
}

/** Does the hub know by this cursor of its that the attempt has ended? Then only its log or files are owed. */
function isEndKnown({ finishedSeq }: HeldAttempt, acked: number): boolean {
  return finishedSeq !== undefined && finishedSeq <= acked;
}

/** Attempts of which the hub knows the end, and does not have the whole log or all files. */
export function countOwed(held: Iterable<HeldAttempt>, acked: number): number {
  let count = 0;
  for (const one of held) if (isEndKnown(one, acked)) count += 1;
  return count;
}

/** How many run, and how many wait to. */
export function countWork(held: Iterable<HeldAttempt>): {
  readonly running: number;
  readonly waiting: number;
} {
  const states = [...held].map(({ state }) => state.is);
  const count = (...which: readonly string[]) => states.filter((is) => which.includes(is)).length;
  return { running: count('starting', 'running'), waiting: count('accepted') };
}

/** No room for one more? What only waits for its log to leave is counted apart: a slow way to the hub refuses nothing. */
export function isFull(held: ReadonlyMap<AttemptId, HeldAttempt>, acked: number): boolean {
  if (held.size < attemptsHeldMax) return false;
  return (
    held.size >= attemptsKeptMax || held.size - countOwed(held.values(), acked) >= attemptsHeldMax
  );
}

/**
 * What hello says of the attempts held: first those whose end the hub does not know, for of these what is not
 * stated is lost to it; the others as far as there is room.
 */
export function listInventory(held: Iterable<HeldAttempt>, acked: number): InventoryRow[] {
  const all = [...held];
  const owed = all.length <= attemptsHeldMax ? [] : all.filter((one) => isEndKnown(one, acked));
  const open = all.length <= attemptsHeldMax ? all : all.filter((one) => !isEndKnown(one, acked));
  return [...open, ...owed]
    .slice(0, attemptsHeldMax)
    .map(({ attempt, state }) => ({ attempt, state: state.is }));
}
