/*
 * When screens hear that the team has changed: once for all that changed in a moment.
 *
 * To who did not ask for changes alone each telling is the whole team. Loads wait longer: a thousand workers tell theirs at a
 * hundred moments a second.
 */
import type { CancelTimer, Timers } from '../../protocol/ports.ts';
import { loadNewsMs, teamNewsMs } from './limits.ts';

/** Life cycle: `note…` as things change, `stop` at the end; all safe to repeat. */
export class TeamNews {
  readonly #timers: Timers;
  readonly #tell: () => void;
  #isTold = true;
  #cancelLoad: CancelTimer | undefined;

  constructor(timers: Timers, tell: () => void) {
    this.#timers = timers;
    this.#tell = tell;
  }

  /** Somebody came, went or changed; it is told within a frame's time. */
  noteChange(): void {
    if (!this.#isTold) return;
    this.#isTold = false;
    this.#timers.after(teamNewsMs, () => {
      this.#isTold = true;
      this.#tell();
    });
  }

  /** A load changed; it is told within a while. */
  noteLoad(): void {
    this.#cancelLoad ??= this.#timers.after(loadNewsMs, () => {
      this.#cancelLoad = undefined;
      this.#tell();
    });
  }

  stop(): void {
    this.#cancelLoad?.();
  }
}
