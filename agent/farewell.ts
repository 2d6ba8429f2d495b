/*
 * The agent's last word to its hub: that it leaves, and is not to be trusted any more.
 *
 * The hub says the same back once it is on its disk. The end of the link before that, and silence, mean that it
 * may not know.
 */
import type { OwnerFrame } from '../protocol/frames.ts';
import type { Timers } from '../protocol/ports.ts';
import { byeMsMax } from './limits.ts';

/** Says it once at a time; `closed` whenever a link ended. */
export class Farewell {
  readonly #timers: Timers;
  readonly #send: (frame: OwnerFrame) => 'sent' | 'full' | 'closed';
  #settle: ((isTold: boolean) => void) | undefined;

  constructor(timers: Timers, send: (frame: OwnerFrame) => 'sent' | 'full' | 'closed') {
    this.#timers = timers;
    this.#send = send;
  }

  /** Resolves with whether the hub took it. */
  say(reason: string): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#timers.after(byeMsMax, () => settle(false));
      const settle = (isTold: boolean) => {
        cancel();
        if (this.#settle === settle) this.#settle = undefined;
        resolve(isTold);
      };
      this.#settle?.(false);
      this.#settle = settle;
      if (this.#send({ t: 'bye', reason }) === 'closed') settle(false);
    });
  }

  /** The hub answered. */
  heard(): void {
    this.#settle?.(true);
  }

  closed(): void {
    this.#settle?.(false);
  }
}
