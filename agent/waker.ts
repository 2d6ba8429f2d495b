/*
 * Wakes the loops that look for something to do: now, once for all changes of a turn, or in a fresh turn.
 *
 * It decides nothing: who is woken looks for himself, and finding nothing costs little.
 */
import type { Timers } from '../protocol/ports.ts';

/** One way to wake what sleeps until something changed. */
export class Waker {
  readonly #timers: Timers;
  readonly #wake: () => void;
  #isDue = false;

  constructor(timers: Timers, wake: () => void) {
    this.#timers = timers;
    this.#wake = wake;
  }

  now(): void {
    this.#wake();
  }

  /** Many changes of one turn are looked at once. */
  once(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#wake();
    });
  }

  soon(): void {
    this.#timers.after(0, this.#wake);
  }
}
