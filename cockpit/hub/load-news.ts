/*
 * When screens hear that loads of boxes have changed: of all at once, now and then.
 *
 * Each telling is the whole team, and a thousand workers tell theirs at a hundred moments a second.
 */
import type { CancelTimer, Timers } from '../../protocol/ports.ts';
import { loadNewsMs } from './limits.ts';

/** Life cycle: `note` as loads change, `stop` at the end; both safe to repeat. */
export class LoadNews {
  readonly #timers: Timers;
  readonly #tell: () => void;
  #cancel: CancelTimer | undefined;

  constructor(timers: Timers, tell: () => void) {
    this.#timers = timers;
    this.#tell = tell;
  }

  /** A load changed; it is told within a while. */
  note(): void {
    this.#cancel ??= this.#timers.after(loadNewsMs, () => {
      this.#cancel = undefined;
      this.#tell();
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}
