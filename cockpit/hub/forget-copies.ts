/*
 * Forgetting logs and files of attempts; those that cannot be archived or removed are set down, and tried again later.
 *
 * What one of them holds up must not hold up the rest. So a failure of a copy is kept with how far it was archived, in a row,
 * because it may outlive the job and this process: nothing is archived twice on its account, and none is lost sight of.
 * A failure of the store or of the archive is no copy's, and goes on to the caller. Errors: STORE_*.
 */
import { z } from 'zod';
import { AppError, wrapError } from '../../protocol/errors.ts';
import type { AttemptId } from '../../protocol/model.ts';
import { compareAttempts, isAttemptId, metaKey } from '../../store/keys.ts';
import { findRow, planRow } from '../../store/row-codec.ts';
import { describeLog } from './export-lines.ts';
import { stuckCopiesMax, stuckTriesPerLook } from './keep-limits.ts';
import type { RetainParts } from './retain.ts';

const stuckKey = metaKey('stuck-copies');
const stuckSchema = z.array(
  z.object({
    attempt: z.custom<AttemptId>((value) => typeof value === 'string' && isAttemptId(value)),
    archiveFrom: z.number().int().nonnegative().nullable(),
  }),
);

/** Of what an earlier process found; the next look tries it. */
const untried = new AppError('STORE_IO');

/** A copy that could not be done with. */
interface Stuck {
  /** Its log is archived up to here; null where nothing of it is to be archived any more. */
  readonly archiveFrom: number | null;
  readonly error: AppError;
}

/** Life cycle: `open`, then as long as its loop; one call at a time. */
export class ForgetCopies {
  readonly #parts: Pick<RetainParts, 'kv' | 'logs' | 'archive' | 'policy' | 'discard'>;
  /** The one that was tried longest ago first. */
  readonly #stuck = new Map<AttemptId, Stuck>();

  constructor(parts: RetainParts) {
    this.#parts = parts;
  }

  /** Reads what an earlier process could not do. */
  async open(): Promise<void> {
    const rows = (await findRow(this.#parts.kv, stuckKey, stuckSchema)) ?? [];
    for (const { attempt, archiveFrom } of rows) {
      this.#stuck.set(attempt, { archiveFrom, error: untried });
    }
  }

  /** Why something is not removed; null where all was. */
  get failure(): string | null {
    const [first, ...more] = [...this.#stuck.keys()].toSorted(compareAttempts);
    if (first === undefined) return null;
    const rest = more.length === 0 ? '' : ` (and of ${more.length} more)`;
    return `the log or files of ${first}${rest}: ${this.#stuck.get(first)?.error.message}`;
  }

  /** Puts its log into the archive, where the policy says so, once. */
  async archive(attempt: AttemptId, now: number): Promise<void> {
    if (this.#stuck.has(attempt)) return;
    await this.#note(attempt, await this.#archiveFrom(attempt, 0, now));
  }

  /** Removes all that is kept of it outside the store, unless that failed before: then `retry` does. */
  async discard(attempt: AttemptId): Promise<void> {
    if (this.#stuck.has(attempt)) return;
    await this.#note(attempt, await this.#remove(attempt));
  }

  /** Tries some of those that failed again. */
  async retry(now: number): Promise<void> {
    const tried = [...this.#stuck].slice(0, stuckTriesPerLook);
    for (const [attempt, { archiveFrom }] of tried) {
      const unread =
        archiveFrom === null ? undefined : await this.#archiveFrom(attempt, archiveFrom, now);
      const left = unread ?? (await this.#remove(attempt));
      this.#stuck.delete(attempt);
      if (left !== undefined) this.#stuck.set(attempt, left);
    }
    if (tried.length > 0) await this.#save();
  }

  async #note(attempt: AttemptId, left: Stuck | undefined): Promise<void> {
    if (left === undefined) return;
    // Beyond that it is no fault of single copies any more, and the loop as a whole had better wait.
    if (this.#stuck.size >= stuckCopiesMax) throw left.error;
    this.#stuck.set(attempt, left);
    await this.#save();
  }

  async #archiveFrom(attempt: AttemptId, from: number, now: number): Promise<Stuck | undefined> {
    const { logs, archive, kv, policy } = this.#parts;
    if (!policy.isLogsArchived) return undefined;
    const parts = describeLog(logs, attempt, from);
    for (let archiveFrom = from; ; ) {
      const part = await parts.next().catch((thrown: unknown) => wrapError(thrown, 'STORE_IO'));
      if (part instanceof AppError) return { archiveFrom, error: part };
      if (part.done === true) return undefined;
      await kv.batch([await archive.export(part.value.lines, now)], 'buffered');
      archiveFrom = part.value.next;
    }
  }

  async #remove(attempt: AttemptId): Promise<Stuck | undefined> {
    try {
      await this.#parts.discard(attempt);
      return undefined;
    } catch (thrown) {
      return { archiveFrom: null, error: wrapError(thrown, 'STORE_IO') };
    }
  }

  async #save(): Promise<void> {
    const rows = [...this.#stuck].map(([attempt, { archiveFrom }]) => ({ attempt, archiveFrom }));
    const key = stuckKey;
    const op = rows.length === 0 ? ({ type: 'del', key } as const) : planRow(key, rows);
    await this.#parts.kv.batch([op], 'buffered');
  }
}
