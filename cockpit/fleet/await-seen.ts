/*
 * Waiting until a worker is seen: until it has a link on which it was heard.
 *
 * It listens to the hub's own news, so it is told at once, and gives up after a while.
 */
import type { PeerKey } from '../../protocol/model.ts';
import type { Hub } from '../hub/hub.ts';
import { presentWorker } from '../verbs/present.ts';
import { seenMsMax } from './limits.ts';

/** Resolves with its link; undefined where it was not seen in time. Rejects when the signal is given. */
export function awaitSeen(
  hub: Hub,
  key: PeerKey,
  signal: AbortSignal,
): Promise<string | undefined> {
  const find = () => {
    const worker = hub.workers.find(key);
    const isFresh = hub.session(key)?.isFresh === true;
    return worker !== undefined && isFresh ? presentWorker(hub, worker).link : undefined;
  };
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      cancel();
      unfollow();
      signal.removeEventListener('abort', left);
      settle();
    };
    const left = () => end(() => reject(signal.reason));
    const look = () => {
      const link = find();
      if (link !== undefined) end(() => resolve(link));
    };
    const cancel = hub.ports.timers.after(seenMsMax, () => end(() => resolve(undefined)));
    const unfollow = hub.feed.follow((event) => {
      if (event.type === 'team') look();
    });
    signal.addEventListener('abort', left);
    look();
  });
}
