/*
 * What was asked, for people: the newest entries that are wanted, each with what came of it.
 *
 * Rows are looked at first, then files from the newest back, and no further than it takes. A line that is
 * no entry, and a file that cannot be read to its end, are passed over here: verifying says so.
 * Errors: STORE_IO.
 */
import { AppError } from '../protocol/errors.ts';
import { type AuditEntry, parseAuditLine } from './audit.ts';
import { type AuditSource, readAuditFile, readAuditRows } from './audit-read.ts';

/** What of the trail is wanted. Instants are wall milliseconds. */
export interface AuditWish {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly countMax: number;
  readonly isWanted: (entry: AuditEntry) => boolean;
}

/** One thing that was asked. `result` is null while nothing is known to have come of it. */
export interface AuditRow extends Omit<AuditEntry, 'of' | 'prev' | 'result'> {
  readonly result: string | null;
  readonly endedAt: string | null;
}

/** The newest `countMax` that are wanted, oldest first. */
export async function listAudit(
  source: AuditSource,
  wish: AuditWish,
): Promise<readonly AuditRow[]> {
  const list = new Listing(wish);
  for await (const { line } of readAuditRows(source.kv)) list.take(line);
  list.close();
  for (const file of (await source.port.list()).toReversed()) {
    if (list.isFull || list.isBefore(file)) break;
    try {
      for await (const line of readAuditFile(source, file)) list.take(line);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
    }
    list.close();
  }
  return list.found;
}

/** Takes stretches of the trail, the newest stretch first, each in its own order. */
class Listing {
  found: AuditRow[] = [];
  readonly #wish: AuditWish;
  #stretch: AuditRow[] = [];
  /** The number that the stretch begins with. */
  #begin: number | undefined;
  /** Results whose entries lie in an older stretch. */
  readonly #results = new Map<number, AuditEntry>();

  constructor(wish: AuditWish) {
    this.#wish = wish;
  }

  get isFull(): boolean {
    return this.found.length >= this.#wish.countMax;
  }

  /** Does nothing of this file reach into what is wanted? Its successor began with a later entry. */
  isBefore(file: string): boolean {
    const { since } = this.#wish;
    const month = file.split('.')[1] ?? '';
    return since !== undefined && month < new Date(since).toISOString().slice(0, 7);
  }

  take(line: string): void {
    const entry = parseAuditLine(line);
    if (entry === undefined) return;
    this.#begin ??= entry.n;
    if (entry.of !== undefined) return this.#settle(entry, entry.of);
    const { since = 0, until = Number.MAX_SAFE_INTEGER, isWanted, countMax } = this.#wish;
    const at = Date.parse(entry.at);
    if (at < since || at >= until || !isWanted(entry)) return;
    const { prev: _prev, of: _of, result = null, ...rest } = entry;
    const later = this.#results.get(entry.n);
    const endedAt = result === null ? null : entry.at;
    this.#stretch.push({
      ...rest,
      result: later?.result ?? result,
      endedAt: later?.at ?? endedAt,
    });
    // Twice as many are kept before the older half goes, so that each costs little.
    if (this.#stretch.length > 2 * countMax) this.#stretch = this.#stretch.slice(-countMax);
  }

  /** The stretch is over. */
  close(): void {
    this.found = [...this.#stretch, ...this.found].slice(-this.#wish.countMax);
    this.#stretch = [];
    this.#begin = undefined;
  }

  #settle(result: AuditEntry, of: number): void {
    const index = this.#stretch.findLastIndex(({ n }) => n <= of);
    const row = this.#stretch[index];
    if (row?.n === of) {
      this.#stretch[index] = { ...row, result: result.result ?? null, endedAt: result.at };
    } else if (of < (this.#begin ?? 0)) {
      this.#results.set(of, result);
    }
  }
}
