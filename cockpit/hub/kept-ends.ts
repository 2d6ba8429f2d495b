/*
 * The hub's word to a worker that ends are on its disk which that told ahead of its own.
 *
 * Nobody waits for it, for the worker only forgets by it; so it leaves with others, some milliseconds later, as
 * acknowledgements do. It belongs to the link on which the ends were told: a worker whose link went tells them
 * again. Invariant: what is said here is on the disk.
 */
import { ackRowsMax, ackWaitMs } from '../../protocol/limits.ts';
import type { AttemptId } from '../../protocol/model.ts';
import type { CancelTimer, Timers } from '../../protocol/ports.ts';

/** Where it is said. */
export interface KeptEndsParts {
  readonly timers: Timers;
  readonly send: (attempts: readonly AttemptId[]) => void;
}

/** Life cycle: `note` as ends are on the disk, `clear` as their link goes. */
export class KeptEnds {
  readonly #parts: KeptEndsParts;
  #attempts: AttemptId[] = [];
  #cancelTimer: CancelTimer | undefined;

  constructor(parts: KeptEndsParts) {
    this.#parts = parts;
  }

  /** These are on the disk. */
  note(attempts: readonly AttemptId[]): void {
    for (const attempt of attempts) this.#attempts.push(attempt);
    if (this.#attempts.length >= ackRowsMax) return this.#send();
    if (this.#attempts.length === 0) return;
    this.#cancelTimer ??= this.#parts.timers.after(ackWaitMs, () => {
      this.#cancelTimer = undefined;
      this.#send();
    });
  }

  /** Safe to repeat. */
  clear(): void {
    this.#attempts = [];
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #send(): void {
    const attempts = this.#attempts;
    this.#attempts = [];
    for (let from = 0; from < attempts.length; from += ackRowsMax) {
      this.#parts.send(attempts.slice(from, from + ackRowsMax));
    }
  }
}
