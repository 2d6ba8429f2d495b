/*
 * How much a peer may say that costs us more than it costs the peer.
 *
 * A bucket of tokens that fills with time: hellos, pings, unknown kinds, resends that are asked for,
 * new links and new stores are paid from it; messages and logs are not, for they have windows. A
 * sound peer never comes near its end; one that does is cut off, so that what a broken or hostile
 * one costs is bounded and no other peer waits for it. Pure but for its own level.
 */
import type { DecodedFrame } from './frames.ts';
import { talkPerSecond, talkTokensMax } from './limits.ts';
import type { Clock } from './ports.ts';

/** One peer's bucket, over all its links. */
export interface Allowance {
  /** Pays if there is enough. */
  spend(cost: number): boolean;
}

/** A full bucket. */
export function createAllowance(clock: Pick<Clock, 'monotonicMs'>): Allowance {
  let tokens = talkTokensMax;
  let filledAt = clock.monotonicMs();
  return {
    spend(cost) {
      const now = clock.monotonicMs();
      tokens = Math.min(talkTokensMax, tokens + ((now - filledAt) / 1000) * talkPerSecond);
      filledAt = now;
      if (tokens < cost) return false;
      tokens -= cost;
      return true;
    },
  };
}

/** What a new link costs, greeting and inventory apart. */
export const linkCost = 32;

/** What it costs to settle with a store that was not known: rows of it stay for ever. */
export const storeCost = 256;

/** What a frame costs; what has a window of its own is free. */
export function priceFrame(frame: DecodedFrame): number {
  switch (frame.t) {
    case 'hello':
      // A row of an inventory is looked up, and may be answered with a command.
      return 8 + (frame.inventory?.length ?? 0) / 4;
    case 'ack':
      // Each is a message of up to 256 KiB that is sent once more.
      return frame.need.length;
    case 'terminal-open':
      // A process is started, or refused.
      return 16;
    case 'draining':
    case 'bye':
      // An event is written.
      return 16;
    case 'terminal-held':
      // Each may be answered.
      return 1 + frame.ids.length;
    case 'terminal-size':
    case 'terminal-end':
    case 'ping':
    case 'pong':
    case 'nak':
    case 'policy':
    case 'doctor':
    case 'tree':
    case 'leave':
    case 'unknown':
      return 1;
    default:
      return 0;
  }
}
