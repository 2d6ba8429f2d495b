/*
 * Receipts that were not reported yet: that work was accepted, or started.
 *
 * Nobody waits for them, and most are overtaken: what is accepted starts at once, and much ends soon. So
 * a hub that takes whole reports (`takesWhole`) is told by the next report that says more, and only
 * where none comes for a while by one of its own. They are not on the disk: what a crash takes with it
 * had begun, and its end is reported at the next start. It decides nothing; the desk says.
 */
import { ChurnSet } from '../protocol/churn-map.ts';
import type { AttemptId } from '../protocol/model.ts';
import type { CancelTimer, Timers } from '../protocol/ports.ts';
import { receiptWaitMs } from './limits.ts';

/** Life cycle: `note` as attempts move on, `stop` at the end. */
export class UnsaidReceipts {
  readonly #timers: Timers;
  readonly #say: (attempts: readonly AttemptId[]) => void;
  readonly #attempts = new ChurnSet<AttemptId>();
  /** Those that have not ended and of which something was said. */
  readonly #heard = new ChurnSet<AttemptId>();
  #cancelTimer: CancelTimer | undefined;

  /** `say` is given those that nothing overtook. */
  constructor(timers: Timers, say: (attempts: readonly AttemptId[]) => void) {
    this.#timers = timers;
    this.#say = say;
  }

  /** Its receipt may wait. */
  note(attempt: AttemptId): void {
    this.#attempts.add(attempt);
    // Not cancelled when all were overtaken: a busy agent would set and cancel it all the time.
    this.#cancelTimer ??= this.#timers.after(receiptWaitMs, () => {
      this.#cancelTimer = undefined;
      const waiting = [...this.#attempts];
      this.#attempts.clear();
      if (waiting.length > 0) this.#say(waiting);
    });
  }

  /** Was nothing at all said of it yet? */
  isUnheard(attempt: AttemptId): boolean {
    return this.#attempts.has(attempt) && !this.#heard.has(attempt);
  }

  /** It was reported, and more may follow. */
  said(attempt: AttemptId): void {
    this.#attempts.delete(attempt);
    this.#heard.add(attempt);
  }

  /** Its end is reported, or nobody wants it any more. */
  drop(attempt: AttemptId): void {
    this.#attempts.delete(attempt);
    this.#heard.delete(attempt);
  }

  /** Nothing waits any more; safe to repeat. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#attempts.clear();
    this.#heard.clear();
  }
}
