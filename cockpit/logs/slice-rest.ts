/*
 * Long work in the hub's own loop, cut into slices.
 *
 * Whoever reads a whole log asks between its steps; once a slice has lasted long enough, all else
 * that is ready runs first.
 */
import type { Ports } from '../../protocol/ports.ts';
import { sliceMsMax } from './limits.ts';

/** A function to await between steps. Most of the time it costs no turn of the loop. */
export function createRest({ clock, soon }: Ports): () => Promise<void> {
  let began = clock.monotonicMs();
  return async () => {
    if (clock.monotonicMs() - began < sliceMsMax) return;
    await new Promise<void>((resolve) => soon(resolve));
    began = clock.monotonicMs();
  };
}
