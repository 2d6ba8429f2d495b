/*
 * Whether a worker may be told to end something that nobody here waits for.
 *
 * Such a command is caused by what the worker says, so one that says much and takes nothing in would fill our disk with
 * them. Beyond the cap none is queued: what still runs then is in the worker's next inventory, and ended by that.
 */
import { outboxRowsMax } from '../../protocol/limits.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { Scene } from './transitions.ts';

/** Fewer messages wait for it than may. */
export function hasRoom({ state }: Pick<Scene, 'state'>, worker: PeerKey): boolean {
  return (state.streams.get(worker)?.waitingCount ?? 0) < outboxRowsMax;
}
