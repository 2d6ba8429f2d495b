/*
 * Watches whether this box is somewhere else than before: its addresses changed, or it was asleep.
 *
 * A box tells nobody, so it is looked at. What was blocked at the other place may get through here, and nobody
 * wants to wait for a pause of minutes then.
 */
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import { networkLookMs, sleptMsMin } from './limits.ts';

/** What is watched, and who is told. */
export interface NetworkWatchPlan {
  readonly ports: Ports;
  /** The addresses of this box, in any order. */
  readonly list: () => readonly string[];
  readonly changed: () => void;
}

/** Begins; what it gives ends it, and is safe to repeat. */
export function watchNetwork({ ports, list, changed }: NetworkWatchPlan): () => void {
  const { clock, timers } = ports;
  const read = () => list().toSorted().join();
  let known = read();
  let lookedAt = clock.uptimeMs();
  let cancel: CancelTimer = () => undefined;
  const look = (): void => {
    const now = read();
    const hasSlept = clock.uptimeMs() - lookedAt > networkLookMs + sleptMsMin;
    if (now !== known || hasSlept) changed();
    known = now;
    lookedAt = clock.uptimeMs();
    cancel = timers.after(networkLookMs, look);
  };
  cancel = timers.after(networkLookMs, look);
  return () => cancel();
}
