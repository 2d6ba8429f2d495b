/*
 * Patience with one worker that has acknowledged commands and says nothing of them.
 *
 * Whatever it does with an assignment it reports within a moment, and in the order of its stream. What it holds it
 * states only as it greets, so one that it forgot on an open link would stand as long as that link. Where nothing was
 * heard of a command for a while after its acknowledgement, the link is ended, and the greeting of the next one tells. A command is asked
 * about so only once: one that a greeting has passed is settled by that. It decides nothing about attempts.
 */
import type { CancelTimer, Timers } from '../../protocol/ports.ts';
import { answerMsMax } from './limits.ts';

/** Numbers of commands in a worker's stream: those above `after`, up to `through`. */
export interface CommandSpan {
  readonly after: number;
  readonly through: number;
}

/** What it asks and does. */
export interface AnswerPatienceParts {
  readonly timers: Timers;
  /** Is there one among these of which nothing was ever heard? */
  readonly isUnanswered: (span: CommandSpan) => boolean;
  /** Ends the link, so that the worker greets again. */
  readonly askAnew: () => void;
}

/** Life cycle: `linked` and `unlinked` as links come and go, `acked` as commands are taken. */
export class AnswerPatience {
  readonly #parts: AnswerPatienceParts;
  /** Looked at up to here, or stated in the greeting; undefined without a link. */
  #after: number | undefined;
  #acked = 0;
  #cancelTimer: CancelTimer | undefined;

  constructor(parts: AnswerPatienceParts) {
    this.#parts = parts;
  }

  /** Its greeting speaks of all commands up to `received`. */
  linked(received: number): void {
    this.unlinked();
    this.#after = received;
    this.#acked = received;
  }

  unlinked(): void {
    this.#after = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** It has taken all commands up to here. */
  acked(through: number): void {
    this.#acked = Math.max(this.#acked, through);
    this.#plan();
  }

  #plan(): void {
    const after = this.#after;
    const through = this.#acked;
    if (after === undefined || through <= after || this.#cancelTimer !== undefined) return;
    this.#cancelTimer = this.#parts.timers.after(answerMsMax, () => {
      this.#cancelTimer = undefined;
      if (this.#parts.isUnanswered({ after, through })) return this.#parts.askAnew();
      this.#after = through;
      this.#plan();
    });
  }
}
