/*
 * The `sent` receipts: when an attempt was first handed to a link.
 *
 * A receipt of its own would be a synced batch for each job, which its worker's `accepted` mostly
 * overtakes. So it waits in memory, goes with the next change of its job, and is written by itself
 * where no word comes for a while. What a crash loses is not needed: an attempt of an earlier hub
 * may have been sent whatever its row says. Invariant: it is shown only once it is on disk.
 */
import type { AttemptId } from '../../protocol/model.ts';
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import { findAttempt, splitAttemptId } from '../manager/job.ts';
import type { HubDesk } from './desk.ts';
import type { DeskState } from './desk-state.ts';

/** A worker that is well answers sooner; a person does not notice the difference. */
export const sentWaitMs = 100;

/** What the receipts need. */
export interface SentReceiptsParts {
  readonly state: DeskState;
  readonly desk: HubDesk;
  readonly ports: Ports;
  readonly failed: (error: unknown) => void;
}

/** Life cycle: `note` as attempts leave, `stop` at the end. */
export class SentReceipts {
  readonly #parts: SentReceiptsParts;
  #cancelTimer: CancelTimer | undefined;

  constructor(parts: SentReceiptsParts) {
    this.#parts = parts;
  }

  /** An attempt was handed to a link. */
  note(attempt: AttemptId): void {
    const { state, desk, ports, failed } = this.#parts;
    if (!isQueued(state, attempt) || state.sentAt.has(attempt)) return;
    state.sentAt.set(attempt, Math.round(ports.clock.wallMs()));
    this.#cancelTimer ??= ports.timers.after(sentWaitMs, () => {
      this.#cancelTimer = undefined;
      if (state.sentAt.size > 0) desk.writeSent().catch(failed);
    });
  }

  stop(): void {
    this.#cancelTimer?.();
  }
}

function isQueued(state: DeskState, attempt: AttemptId): boolean {
  const { job: id, n } = splitAttemptId(attempt);
  const job = state.active.get(id);
  return job?.kind === 'command' && findAttempt(job, n)?.state.is === 'queued';
}
