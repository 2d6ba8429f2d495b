/*
 * One timer for the owner of machines: it goes off at or before the earliest moment asked for.
 *
 * A timer that turns out to be early is kept: its tick finds nothing due, and the owner sets it again
 * for what is left. So a deadline that is moved on with every frame costs no timer a frame.
 */
import type { CancelTimer, Ports } from './ports.ts';

/** Life cycle: `set` as often as deadlines change; `stop` ends it for good. */
export class Alarm {
  readonly #ports: Pick<Ports, 'clock' | 'timers'>;
  readonly #ring: () => void;
  #cancel: CancelTimer | undefined;
  /** When it will go off, monotonic milliseconds; never when it is not set. */
  #at = Number.POSITIVE_INFINITY;
  #isStopped = false;

  constructor(ports: Pick<Ports, 'clock' | 'timers'>, ring: () => void) {
    this.#ports = ports;
    this.#ring = ring;
  }

  /** Something is due at this instant; undefined: nothing is. */
  set(at: number | undefined): void {
    if (at === undefined || at >= this.#at || this.#isStopped) return;
    this.#cancel?.();
    this.#at = at;
    const { clock, timers } = this.#ports;
    // Whole milliseconds, upwards: a timer that ends a rounding error early would be set for ever.
    const delayMs = Math.max(0, Math.ceil(at - clock.monotonicMs()));
    this.#cancel = timers.after(delayMs, () => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#ring();
    });
  }

  /** Never goes off again. Safe to repeat. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }
}
