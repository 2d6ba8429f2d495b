/*
 * Whether a hello was overtaken by what its peer said on another link, which was there at the same time.
 *
 * A box that is reached over ssh or a relay dials on, and greets on the new link while it still answers on the old one.
 * Where the new one is slower, a packet of it lost, say, its hello tells of a past: taken for now's it would show a peer
 * that went back (PEER_REGRESSED, which only a person mends) or that forgot work it has begun. Without another
 * link nothing can have overtaken it, and what it says is so. Pure.
 */
import type { HelloFrame } from './frames.ts';
import type { LeaseInstant } from './machines/renewal.ts';
import type { StreamPair } from './stream-pair.ts';

/** How a link came. */
export interface Came {
  /** When it was asked for. */
  readonly askedAt: LeaseInstant;
  /** What was heard on other links from then on, monotonic milliseconds, may be newer than its hello. */
  readonly aloneSince: number;
}

/** `elsewhereAt`: when the peer was last heard on another link; undefined if never. */
export function isOvertaken(
  { received, queued }: Pick<HelloFrame, 'received' | 'queued'>,
  { sender, receiver }: Pick<StreamPair, 'sender' | 'receiver'>,
  {
    aloneSince,
    elsewhereAt,
  }: Pick<Came, 'aloneSince'> & {
    readonly elsewhereAt: number | undefined;
  },
): boolean {
  // What is being applied was said, too, and may have changed what we believe of the peer.
  const heardThrough = receiver.is === 'applying' ? receiver.through : receiver.received;
  if (received >= sender.acked && queued >= heardThrough) return false;
  return elsewhereAt !== undefined && elsewhereAt > aloneSince;
}
