/*
 * Waiting that a signal can end.
 *
 * A dial is given up as a whole, so whatever waits inside it must wake at once and leave no timer
 * behind. Neither function rejects: the caller asks the signal what happened.
 */
import type { Timers } from '../ports.ts';

/** How long to wait at most, and what ends it early. */
export interface PausePlan {
  readonly timers: Timers;
  readonly signal: AbortSignal;
  readonly delayMs: number;
}

/** Resolves after the delay, or as soon as the signal is aborted. */
export function pause({ timers, signal, delayMs }: PausePlan): Promise<void> {
  return new Promise((resolve) => {
    const cancel = timers.after(delayMs, () => {
      signal.removeEventListener('abort', wake);
      resolve();
    });
    const wake = (): void => {
      cancel();
      resolve();
    };
    onAbort(signal, wake);
  });
}

/** Runs once when the signal is aborted; in the next turn if it already is. */
export function onAbort(signal: AbortSignal, run: () => void): void {
  if (signal.aborted) queueMicrotask(run);
  else signal.addEventListener('abort', run, { once: true });
}
