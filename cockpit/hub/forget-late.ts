/*
 * Forgetting late reports whose jobs are gone: those that came after their job was forgotten, and what was left of it.
 *
 * A job takes its late reports along. But a worker may report of it long after, and what is taken cannot wait for a look
 * into the store. So all late reports are walked again and again, a page a look, and those of no job are exported and
 * removed. No job of such a number comes back: the hub's own numbers never do. Errors: STORE_*.
 */
import { z } from 'zod';
import type { JobId } from '../../protocol/model.ts';
import { prefixRange, readLateReportKey } from '../../store/keys.ts';
import type { KvRow } from '../../store/kv.ts';
import { readRow } from '../../store/row-codec.ts';
import { lateRowsPerLook } from './keep-limits.ts';
import type { RetainParts } from './retain.ts';

/** A late report as it is archived. */
export function describeLate(row: KvRow): object {
  return { type: 'late', report: readRow(z.unknown(), row) };
}

/** Life cycle: it lives as long as its loop; one look at a time. */
export class ForgetLate {
  readonly #parts: Pick<RetainParts, 'kv' | 'desk' | 'archive'>;
  #from = prefixRange('l/').gte;

  constructor(parts: RetainParts) {
    this.#parts = parts;
  }

  /** One look; false when it left something to do. */
  async look(now: number): Promise<boolean> {
    const { kv, archive } = this.#parts;
    const { gte, lt } = prefixRange('l/');
    const range = { lt, countMax: lateRowsPerLook, order: 'ascending' } as const;
    const rows = await kv.range({ ...range, gte: this.#from });
    const gone = await this.#findGone(rows);
    const orphans = rows.filter(({ key }) => gone.has(readLateReportKey(key)));
    if (orphans.length > 0) {
      const exported = await archive.export(orphans.map(describeLate), now);
      const deletes = orphans.map(({ key }) => ({ type: 'del', key }) as const);
      await kv.batch([...deletes, exported], 'buffered');
    }
    const last = rows.length < lateRowsPerLook ? undefined : rows.at(-1);
    this.#from = last === undefined ? gte : `${last.key}\0`;
    // A page of what is kept is nothing to hurry for.
    return last === undefined || orphans.length === 0;
  }

  async #findGone(rows: readonly KvRow[]): Promise<ReadonlySet<JobId>> {
    const gone = new Set<JobId>();
    for (const job of new Set(rows.map(({ key }) => readLateReportKey(key)))) {
      if ((await this.#parts.desk.find(job)) === undefined) gone.add(job);
    }
    return gone;
  }
}
