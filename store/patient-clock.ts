/*
 * The wall clock as ages are judged by it: a leap ahead counts only once it has stood for a day.
 *
 * What is forgotten by its age does not come back, and a clock may be set a year ahead by mistake and be right again a
 * minute later. A box that slept leaps too; there what is old goes a day of work later, which harms nobody. A clock
 * that is set back is believed at once: nothing goes by that.
 */
import type { Clock } from '../protocol/ports.ts';
import { clockLeapMsMax, clockLeapTrustMs } from './limits.ts';

/** Life cycle: it lives as long as its loop. What the clock says at the first reading is believed. */
export class PatientClock {
  readonly #clock: Clock;
  /** By how much the wall clock is ahead of the monotonic one, as it is believed. */
  #offsetMs: number | undefined;
  /** Monotonic instant since which it has said otherwise. */
  #leaptAt: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Wall milliseconds. */
  read(): number {
    const nowMs = this.#clock.monotonicMs();
    const saidMs = this.#clock.wallMs() - nowMs;
    const isLeap = this.#offsetMs !== undefined && saidMs - this.#offsetMs > clockLeapMsMax;
    this.#leaptAt = isLeap ? (this.#leaptAt ?? nowMs) : undefined;
    const isDoubted = this.#leaptAt !== undefined && nowMs - this.#leaptAt < clockLeapTrustMs;
    if (!isDoubted || this.#offsetMs === undefined) {
      this.#offsetMs = saidMs;
      this.#leaptAt = undefined;
    }
    return Math.round(nowMs + this.#offsetMs);
  }
}
