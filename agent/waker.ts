/*
 * Wakes the loops that look for something to do: now, once for all changes of a turn, or in a fresh turn.
 *
 * It decides nothing: who is woken looks for himself, and finding nothing costs little.
 */
import type { Timers } from '../protocol/ports.ts';
import { gatherWakes } from './wake-once.ts';

/** One way to wake what sleeps until something changed. */
export class Waker {
  readonly #timers: Timers;
  readonly #wake: () => void;
  /** Many changes of one turn are looked at once. */
  readonly once: () => void;

  constructor(timers: Timers, wake: () => void) {
    this.#timers = timers;
    this.#wake = wake;
    this.once = gatherWakes(wake);
  }

  now(): void {
    this.#wake();
  }

  soon(): void {
    this.#timers.after(0, this.#wake);
  }
}
