/*
 * Ends that come ahead of their worker's disk: taken at once, and known again when they come as messages.
 *
 * A worker may tell how work ended before that is on its own disk (protocol/README.md, "Ahead of the disk"), and
 * tells it again as a message where it heard no answer. Only the plain case is taken here, the end of an open attempt
 * by the worker that has it; whatever is odd is left to the message. Invariants: what `take` resolves with is on the
 * disk; a report that was taken here is never late when it comes again. Errors: STORE_*.
 */
import { ChurnSet } from '../../protocol/churn-map.ts';
import { AppError, wrapError } from '../../protocol/errors.ts';
import { decodeFact, type FactMessage } from '../../protocol/messages.ts';
import type { AttemptId, PeerKey } from '../../protocol/model.ts';
import { jobKey } from '../../store/keys.ts';
import { findRow } from '../../store/row-codec.ts';
import { findAttempt, splitAttemptId } from '../manager/job.ts';
import { jobRowSchema } from '../manager/job-row.ts';
import type { Ledger } from './ledger.ts';
import { tryOrUndo } from './quarantine.ts';
import { takeEnded } from './take-fact.ts';

type Finished = Extract<FactMessage, { kind: 'finished' }>;

/** What a message says, or why it says nothing. */
export type Read = FactMessage | AppError;

/** Reads each; what cannot be read is an error in its place. */
export function readFacts(rows: readonly { readonly bytes: Uint8Array }[]): readonly Read[] {
  return rows.map(({ bytes }) => {
    try {
      return decodeFact(bytes);
    } catch (thrown) {
      return wrapError(thrown, 'FRAME_INVALID');
    }
  });
}

/** Life cycle: that of its desk. */
export class EarlyEnds {
  readonly #ledger: Ledger;
  /** Attempts whose end was taken, and is on its way to the disk. */
  readonly #ending = new ChurnSet<AttemptId>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Resolves with those attempts whose ends were taken, once that is on the disk. */
  async take(worker: PeerKey, reports: readonly Uint8Array[]): Promise<readonly AttemptId[]> {
    const scene = this.#ledger.open();
    const taken: AttemptId[] = [];
    for (const bytes of reports) {
      tryOrUndo(scene, () => {
        const attempt = takeEnded(scene, worker, decodeFact(bytes));
        if (attempt !== undefined) taken.push(attempt);
      });
    }
    for (const attempt of taken) this.#ending.add(attempt);
    try {
      await this.#ledger.commit(scene.change);
    } finally {
      for (const attempt of taken) this.#ending.delete(attempt);
    }
    return taken;
  }

  /**
   * Of these reports the attempts whose end is known already, in just these words. Nothing is awaited, and it is
   * undefined, where none of them was said ahead before.
   */
  findKnown(worker: PeerKey, facts: readonly Read[]): Promise<ReadonlySet<AttemptId>> | undefined {
    const again = facts.filter(isRepeat);
    return again.length === 0 ? undefined : this.#listKnown(worker, again);
  }

  async #listKnown(worker: PeerKey, again: readonly Finished[]): Promise<ReadonlySet<AttemptId>> {
    const known = new Set<AttemptId>();
    for (const fact of again) if (await this.#isKnown(worker, fact)) known.add(fact.attempt);
    return known;
  }

  async #isKnown(worker: PeerKey, { attempt, at, outcome }: Finished): Promise<boolean> {
    // Not among the open ones any more, and not on the disk yet.
    if (this.#ending.has(attempt)) return true;
    const { state, kv } = this.#ledger;
    const { job: id, n } = splitAttemptId(attempt);
    // However long the disk is away: without it nothing of this worker could be taken either.
    const job = state.active.get(id) ?? (await findRow(kv, jobKey(id), jobRowSchema));
    const held = job?.kind === 'command' ? findAttempt(job, n) : undefined;
    if (held?.worker !== worker || held.state.is !== 'finished') return false;
    return held.state.end.at === at && held.state.end.outcome === outcome;
  }
}

function isRepeat(fact: Read): fact is Finished {
  return !(fact instanceof AppError) && fact.kind === 'finished' && fact.isRepeat === true;
}
