/*
 * The wall clock as ages are judged by it: a leap ahead counts only once it has stood for a day.
 *
 * What is forgotten by its age does not come back, and a clock may be set a year ahead by mistake and be right again a
 * minute later. A box that slept leaps too; there what is old goes a day of work later, which harms nobody. A clock
 * that is set back is believed at once: nothing goes by that.
 */
import type { Clock } from '../protocol/ports.ts';
import { clockLeapMsMax, clockLeapTrustMs } from './limits.ts';

/** How far a clock has come, for the process that goes on with it. */
export interface KnownClock {
  /** Wall milliseconds, as they were believed. */
  readonly believedAt: number;
  /** For so long, of time that its processes ran, it has said something else. */
  readonly doubtedMs: number;
}

/** Life cycle: it lives as long as its loop. Where nothing is known what it says first is believed. */
export class PatientClock {
  readonly #clock: Clock;
  /** By how much the wall clock is ahead of the monotonic one, as it is believed. */
  #offsetMs: number | undefined;
  #doubtedMs: number;
  /** Monotonic instant of the last reading, where that was in doubt. */
  #doubtedAt: number | undefined;

  constructor(clock: Clock, known?: KnownClock) {
    this.#clock = clock;
    this.#offsetMs = known && known.believedAt - clock.monotonicMs();
    this.#doubtedMs = known?.doubtedMs ?? 0;
  }

  /** Wall milliseconds, as they are believed, and what the next process needs to go on. */
  read(): KnownClock {
    const nowMs = this.#clock.monotonicMs();
    const saidMs = this.#clock.wallMs() - nowMs;
    const isLeap = this.#offsetMs !== undefined && saidMs - this.#offsetMs > clockLeapMsMax;
    this.#doubtedMs = isLeap ? this.#doubtedMs + nowMs - (this.#doubtedAt ?? nowMs) : 0;
    this.#doubtedAt = isLeap ? nowMs : undefined;
    if (this.#offsetMs === undefined || !isLeap || this.#doubtedMs >= clockLeapTrustMs) {
      this.#offsetMs = saidMs;
      this.#doubtedMs = 0;
      this.#doubtedAt = undefined;
    }
    return { believedAt: Math.round(nowMs + this.#offsetMs), doubtedMs: this.#doubtedMs };
  }
}
