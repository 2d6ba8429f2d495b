/*
 * The journal: what happened, in order, for people and for screens.
 *
 * Append-only: events are written in the batch of the changes that they tell of and are never
 * altered. All events of a batch share a row, because a row of its own for each costs more than what
 * it tells of. Nothing is decided from it; the state is in the other rows. Numbers are the owner's,
 * rising from 1. Invariant: a row's key is the number of its last event, so that the rows above a
 * number hold all events above it.
 */
import { z } from 'zod';
import type { AttemptId, JobId } from '../protocol/model.ts';
import { eventKey, getSeq, prefixRange } from './keys.ts';
import type { Kv, KvOp } from './kv.ts';
import {
  eventKindLettersMax,
  eventNoteLettersMax,
  eventRowsPerRead,
  eventsPerRowMax,
} from './limits.ts';
import { planRow, readRow } from './row-codec.ts';

const isJob = (text: unknown) => matches(text, /^J[1-9]\d*$/);
const isAttempt = (text: unknown) => matches(text, /^J[1-9]\d*\.[1-9]\d*$/);
const isKey = (text: unknown) => matches(text, /^[0-9a-f]{64}$/);

const fields = {
  seq: z.number().int().positive(),
  /** Wall milliseconds. */
  at: z.number().nonnegative(),
  kind: z.string().min(1).max(eventKindLettersMax),
  job: z.custom<JobId>(isJob),
  attempt: z.custom<AttemptId>(isAttempt),
  worker: z.string().regex(/^[0-9a-f]{64}$/),
  note: z.string().max(eventNoteLettersMax),
};

const eventSchema = z
  .object({
    ...fields,
    job: z.exactOptional(fields.job),
    attempt: z.exactOptional(fields.attempt),
    worker: z.exactOptional(fields.worker),
    note: z.exactOptional(fields.note),
  })
  .readonly();

/** One thing that happened; `at` is wall milliseconds, `worker` a peer key. */
export type JournalEvent = z.infer<typeof eventSchema>;

/**
 * An event in a row: its fields in this order, null where it has none. `true` says again what is said already: the
 * instant and the worker of the event before it in the row, the job of its attempt. Up to format 3 nothing was left out.
 */
const listedSchema = z.tuple([
  fields.seq,
  z.union([fields.at, z.literal(true)]),
  fields.kind,
  z.union([fields.job, z.literal(true)]).nullable(),
  fields.attempt.nullable(),
  z.union([fields.worker, z.literal(true)]).nullable(),
  fields.note.nullable(),
]);

type ListedEvent = z.infer<typeof listedSchema>;

/** Up to format 2 a row was one event, as a map. */
const rowSchema = z.union([
  z.array(listedSchema).min(1).transform(nameEvents).pipe(z.array(eventSchema)),
  eventSchema.transform((event) => [event]),
]);

/** A row of the journal. */
export interface JournalRow {
  readonly key: string;
  readonly events: readonly JournalEvent[];
}

/** Events that wait for the batch they go in. It lives as long as its committer, which seals it. */
export class JournalPage {
  #events: JournalEvent[] = [];

  /** They are committed, with the next batch. */
  add(events: readonly JournalEvent[]): void {
    for (const event of events) this.#events.push(event);
  }

  /** The rows of all that was added since the last call. */
  seal(): readonly KvOp[] {
    const events = this.#events;
    this.#events = [];
    return planEvents(events);
  }
}

/** The event, where it is within its limits; throws where it is not. */
export function checkEvent(event: JournalEvent): JournalEvent {
  return isPlain(event) ? event : eventSchema.parse(event);
}

/** Writes events that were checked, in as few rows as their cap allows. */
export function planEvents(events: readonly JournalEvent[]): readonly KvOp[] {
  const ops: KvOp[] = [];
  for (let from = 0; from < events.length; from += eventsPerRowMax) {
    const some = events.slice(from, from + eventsPerRowMax);
    ops.push(planRow(eventKey(some.at(-1)?.seq ?? 0), some.map(listFields)));
  }
  return ops;
}

function listFields(event: JournalEvent, index: number, row: readonly JournalEvent[]): ListedEvent {
  const { seq, at, kind, job, attempt, worker, note } = event;
  const before = row[index - 1];
  const isOfJob = job !== undefined && attempt !== undefined && readJob(attempt) === job;
  return [
    seq,
    at === before?.at ? true : at,
    kind,
    isOfJob ? true : (job ?? null),
    attempt ?? null,
    worker !== undefined && worker === before?.worker ? true : (worker ?? null),
    note ?? null,
  ];
}

/** What says `true` where nothing was said is left to the schema. */
function nameEvents(row: readonly ListedEvent[]): readonly unknown[] {
  let before: JournalEvent | undefined;
  return row.map(([seq, at, kind, job, attempt, worker, note]) => {
    const event = {
      ...{ seq, at: at === true ? before?.at : at, kind },
      ...(job === null ? {} : { job: job === true ? attempt && readJob(attempt) : job }),
      ...(attempt === null ? {} : { attempt }),
      ...(worker === null ? {} : { worker: worker === true ? before?.worker : worker }),
      ...(note === null ? {} : { note }),
    };
    before = event as JournalEvent;
    return event;
  });
}

function readJob(attempt: AttemptId): string {
  return attempt.slice(0, attempt.indexOf('.'));
}

/** Is it surely within its limits? Most are, and the schema is slow; what is not sure goes to it. */
function isPlain(event: JournalEvent): boolean {
  const { seq, at, kind, note = '', worker, job, attempt } = event;
  const isShort = kind.length <= eventKindLettersMax && note.length <= eventNoteLettersMax;
  const isPlaced = Number.isSafeInteger(seq) && seq > 0 && at >= 0;
  if (!isPlaced || !isShort || kind === '') return false;
  if (job !== undefined && !isJob(job)) return false;
  if (attempt !== undefined && !isAttempt(attempt)) return false;
  return worker === undefined || isWorker(worker);
}

/** Most events are of the worker that the one before was of. */
function isWorker(worker: string): boolean {
  if (worker === lastWorker) return true;
  if (!isKey(worker)) return false;
  lastWorker = worker;
  return true;
}

let lastWorker = '';

/** The number of the newest event; 0 when there is none. */
export async function readLastEventSeq(kv: Kv): Promise<number> {
  const [last] = await kv.range({ ...prefixRange('e/'), countMax: 1, order: 'descending' });
  return last === undefined ? 0 : getSeq(last.key);
}

/** A stretch of the journal: what lies above a number, and how many events of it. */
export interface JournalStretch {
  readonly afterSeq: number;
  readonly countMax: number;
}

/** Up to `countMax` events above `afterSeq`, oldest first. Errors: STORE_DAMAGED, STORE_IO. */
export async function readEvents(
  kv: Kv,
  stretch: JournalStretch,
): Promise<readonly JournalEvent[]> {
  const rows = await readEventRows(kv, stretch);
  const events = rows.flatMap((row) => row.events.filter(({ seq }) => seq > stretch.afterSeq));
  return events.slice(0, stretch.countMax);
}

/** Whole rows, until they hold `countMax` events above `afterSeq` or there are no more. */
export async function readEventRows(
  kv: Kv,
  { afterSeq, countMax }: JournalStretch,
): Promise<readonly JournalRow[]> {
  const found: JournalRow[] = [];
  const { lt } = prefixRange('e/');
  let gte = eventKey(afterSeq + 1);
  for (let count = 0; count < countMax; ) {
    const rowsMax = Math.min(eventRowsPerRead, countMax - count);
    const rows = await kv.range({ gte, lt, countMax: rowsMax, order: 'ascending' });
    for (const row of rows) {
      if (count >= countMax) break;
      const events = readRow(rowSchema, row);
      count += events.filter(({ seq }) => seq > afterSeq).length;
      found.push({ key: row.key, events });
      gte = `${row.key}\0`;
    }
    if (rows.length < rowsMax) break;
  }
  return found;
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}
