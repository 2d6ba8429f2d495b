/*
 * Forgetting the journal, decisions that were decided, and messages that could not be read.
 *
 * Each is walked from its oldest row on, a page at a time, and the walk remembers where it is. The newest
 * row of a kind stays whatever its age, because the next number is counted from it.
 */

import type { PeerKey } from '../../protocol/model.ts';
import { readEventRows } from '../../store/journal.ts';
import { decisionKey, prefixRange } from '../../store/keys.ts';
import type { KvOp } from '../../store/kv.ts';
import { describeQuarantined, listAged, readQuarantine } from '../../store/quarantine.ts';
import { readRow } from '../../store/row-codec.ts';
import { type Decision, decisionRowSchema } from '../manager/decision.ts';
import { countOldEvents } from '../manager/plan-retention.ts';
import { describeDecision, describeEvent } from './export-lines.ts';
import { keepBatchRows, keepRowsPerLook, quarantineMax } from './keep-limits.ts';
import type { RetainParts } from './retain.ts';

/** Events that go in one batch; they are small. */
const eventBatchRows = 1024;

/** Life cycle: it lives as long as its loop; one look at a time. */
export class ForgetEvents {
  readonly #parts: RetainParts;
  /** All events up to here are gone. */
  #forgotten = 0;
  #decisionsFrom = prefixRange('d/').gte;

  constructor(parts: RetainParts) {
    this.#parts = parts;
  }

  /** One look; false when it left something to do. Errors: STORE_*. */
  async look(now: number, isStopped: () => boolean): Promise<boolean> {
    await this.forgetQuarantined(now);
    const isDecisionsDone = await this.#forgetDecisions(now);
    return (await this.#forgetJournal(now, isStopped)) && isDecisionsDone;
  }

  async #forgetJournal(now: number, isStopped: () => boolean): Promise<boolean> {
    const { kv, policy, state } = this.#parts;
    for (let left = keepRowsPerLook; left > 0; left -= eventBatchRows) {
      const page = { afterSeq: this.#forgotten, countMax: eventBatchRows };
      const rows = await readEventRows(kv, page);
      const events = rows.flatMap((row) => row.events);
      const lastSeq = state.nextEvent - 1;
      const lastOld = events[countOldEvents(events, { policy, now, lastSeq }) - 1]?.seq ?? 0;
      // A row goes when all of its events are old.
      const old = rows.filter((row) => (row.events.at(-1)?.seq ?? 0) <= lastOld);
      const told = old.flatMap((row) => row.events);
      await this.#forget(
        old.map(({ key }) => key),
        told.map(describeEvent),
        now,
      );
      this.#forgotten = told.at(-1)?.seq ?? this.#forgotten;
      if (told.length < eventBatchRows || isStopped()) return true;
    }
    return false;
  }

  async #forgetDecisions(now: number): Promise<boolean> {
    const { kv, policy } = this.#parts;
    const { lt } = prefixRange('d/');
    const range = { lt, countMax: keepRowsPerLook, order: 'ascending' } as const;
    const rows = await kv.range({ ...range, gte: this.#decisionsFrom });
    // The newest of all is never among them: it is the last of the last page.
    const decisions = rows.slice(0, -1).map((row) => readRow(decisionRowSchema, row));
    const isOld = ({ answer }: Decision) => answer !== undefined && answer.at < now - policy.jobsMs;
    const old = decisions.filter(isOld).slice(0, keepBatchRows);
    const keyOf = ({ id }: Decision) => decisionKey(Number(id.slice(1)));
    await this.#forget(old.map(keyOf), old.map(describeDecision), now);
    const kept = decisions.find((decision) => !old.includes(decision));
    if (kept !== undefined) this.#decisionsFrom = keyOf(kept);
    return old.length < keepBatchRows;
  }

  /** Those that are old, and all of one peer where it is named. */
  async forgetQuarantined(now: number, peer?: PeerKey): Promise<void> {
    const { kv, policy } = this.#parts;
    const rows = await readQuarantine(kv, quarantineMax + keepBatchRows);
    const aged = listAged(rows, { before: now - policy.jobsMs, countMax: quarantineMax });
    const old = rows.filter((row) => aged.includes(row) || row.peer === peer);
    await this.#forget(
      old.map(({ key }) => key),
      old.map(describeQuarantined),
      now,
    );
  }

  async #forget(keys: readonly string[], values: readonly object[], now: number): Promise<void> {
    const { kv, archive } = this.#parts;
    if (keys.length === 0) return;
    const exported = await archive.export(values, now);
    const deletes = keys.map((key): KvOp => ({ type: 'del', key }));
    await kv.batch([...deletes, exported], 'buffered');
  }
}
