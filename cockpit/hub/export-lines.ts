/*
 * What the hub knows, as lines of an export: one JSON object each, its kind in `type`.
 *
 * The archive and `wally export` write the same lines. Instants are ISO 8601; bytes that are no text are
 * base64. Fields are added, never renamed.
 */
import type { AttemptId } from '../../protocol/model.ts';
import type { JournalEvent } from '../../store/journal.ts';
import type { LogStore } from '../../store/log.ts';
import type { Decision } from '../manager/decision.ts';

/** Bytes of a log that are exported in one go. */
const logPartBytes = 1024 * 1024;

/** One event of the journal; `worker` is a key. */
export function describeEvent({ at, ...event }: JournalEvent): object {
  return { type: 'event', ...event, at: formatInstant(at) };
}

/** One decision, open or decided. */
export function describeDecision({ openedAt, answer, ...decision }: Decision): object {
  const answered = answer === undefined ? null : { ...answer, at: formatInstant(answer.at) };
  return { type: 'decision', ...decision, openedAt: formatInstant(openedAt), answer: answered };
}

/** A log in parts, from an offset on; each says where the next one begins. */
export async function* describeLog(
  logs: LogStore,
  attempt: AttemptId,
  start: number,
): AsyncGenerator<{ readonly lines: readonly object[]; readonly next: number }, void> {
  const log = await logs.open(attempt);
  for (let from = start; from < log.end; ) {
    const { records, next } = await log.read(from, logPartBytes);
    if (next <= from) return;
    from = next;
    const lines = records.map(({ offset, stream, at, bytes }) => {
      const base64 = Buffer.from(bytes).toString('base64');
      return { type: 'log', attempt, offset, stream, at: formatInstant(at), base64 };
    });
    yield { lines, next };
  }
}

function formatInstant(at: number): string {
  return new Date(at).toISOString();
}
