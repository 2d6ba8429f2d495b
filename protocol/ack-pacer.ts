/*
 * When an acknowledgement leaves: with others, some milliseconds later, or at once where many wait.
 *
 * An ack only makes room in the sender's window and lets it forget, so nobody waits for one; a frame
 * for each batch would cost both ends more than the batch. Acks that name what is missing, or answer
 * a duplicate, do not come here. Invariant: what is acknowledged has been applied, on disk.
 */
import { ackRowsMax, ackWaitMs } from './limits.ts';
import type { CancelTimer, Timers } from './ports.ts';

/** What the pacer works with; `send` tells the peer that all up to here is applied. */
export interface AckPacerParts {
  readonly timers: Timers;
  readonly send: (received: number) => void;
}

/** Life cycle: `applied` and `told` as it goes, `stop` at the end. */
export class AckPacer {
  readonly #parts: AckPacerParts;
  #received = 0;
  #told = 0;
  #cancelTimer: CancelTimer | undefined;

  constructor(parts: AckPacerParts) {
    this.#parts = parts;
  }

  /** All up to here is applied. */
  applied(received: number): void {
    this.#received = received;
    if (received - this.#told >= ackRowsMax) return this.#send();
    this.#cancelTimer ??= this.#parts.timers.after(ackWaitMs, () => {
      this.#cancelTimer = undefined;
      if (this.#told !== this.#received) this.#send();
    });
  }

  /** The peer was told so by other means. */
  told(received: number): void {
    this.#received = received;
    this.#told = received;
  }

  stop(): void {
    this.#cancelTimer?.();
  }

  #send(): void {
    this.#told = this.#received;
    this.#parts.send(this.#received);
  }
}
