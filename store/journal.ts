/*
 * The journal: what happened, in order, for people and for screens.
 *
 * Append-only: an event is written in the batch of the change that it tells of and is never
 * altered. Nothing is decided from it; the state is in the other rows. Numbers are the owner's,
 * rising by one from 1.
 */
import { z } from 'zod';
import type { AttemptId, JobId } from '../protocol/model.ts';
import { eventKey, getSeq, prefixRange } from './keys.ts';
import type { Kv, KvOp } from './kv.ts';
import { eventKindLettersMax, eventNoteLettersMax } from './limits.ts';
import { planRow, readRow } from './row-codec.ts';

const noWorker = '0'.repeat(64);
const isJob = (text: unknown) => matches(text, /^J[1-9]\d*$/);
const isAttempt = (text: unknown) => matches(text, /^J[1-9]\d*\.[1-9]\d*$/);
const isKey = (text: unknown) => matches(text, /^[0-9a-f]{64}$/);

const eventSchema = z
  .object({
    seq: z.number().int().positive(),
    /** Wall milliseconds. */
    at: z.number().nonnegative(),
    kind: z.string().min(1).max(eventKindLettersMax),
    job: z.exactOptional(z.custom<JobId>(isJob)),
    attempt: z.exactOptional(z.custom<AttemptId>(isAttempt)),
    worker: z.exactOptional(z.string().regex(/^[0-9a-f]{64}$/)),
    note: z.exactOptional(z.string().max(eventNoteLettersMax)),
  })
  .readonly();

/** One thing that happened; `at` is wall milliseconds, `worker` a peer key. */
export type JournalEvent = z.infer<typeof eventSchema>;

/** Writes one event; throws where the event breaks its own limits. */
export function planEvent(event: JournalEvent): KvOp {
  return planRow(eventKey(event.seq), isPlain(event) ? event : eventSchema.parse(event));
}

/** Is it surely within its limits? Most are, and the schema is slow; what is not sure goes to it. */
function isPlain(event: JournalEvent): boolean {
  const { seq, at, kind, note = '', worker = noWorker, job = 'J1', attempt = 'J1.1' } = event;
  const isShort = kind.length <= eventKindLettersMax && note.length <= eventNoteLettersMax;
  const isPlaced = Number.isSafeInteger(seq) && seq > 0 && at >= 0;
  return isPlaced && isShort && kind !== '' && isKey(worker) && isJob(job) && isAttempt(attempt);
}

/** The number of the newest event; 0 when there is none. */
export async function readLastEventSeq(kv: Kv): Promise<number> {
  const [last] = await kv.range({ ...prefixRange('e/'), countMax: 1, order: 'descending' });
  return last === undefined ? 0 : getSeq(last.key);
}

/** Up to `countMax` events above `afterSeq`, oldest first. Errors: STORE_DAMAGED, STORE_IO. */
export async function readEvents(
  kv: Kv,
  { afterSeq, countMax }: { readonly afterSeq: number; readonly countMax: number },
): Promise<readonly JournalEvent[]> {
  const { lt } = prefixRange('e/');
  const rows = await kv.range({ gte: eventKey(afterSeq + 1), lt, countMax, order: 'ascending' });
  return rows.map((row) => readRow(eventSchema, row));
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}
