/*
 * The worker's half of a lease: since when the hub is known to have heard from it.
 *
 * A lease runs from the moment at which a ping left that the hub has answered, never from what was
 * merely received: with one direction cut, a worker that hears its hub would go on while the hub, deaf
 * to it, has given its work to another. An answer counts only once all that the hub had queued when it
 * answered is applied here, for the end of the work may be among it. Pure; instants are the worker's.
 * Source: reliability facts R14, R15.
 */
import { renewalsHeldMax } from '../limits.ts';
import type { Clock } from '../ports.ts';

/** One instant by the two clocks that a lease is measured on, milliseconds. */
export interface LeaseInstant {
  readonly monotonicMs: number;
  readonly uptimeMs: number;
}

/** Now, by both. */
export function readInstant(clock: Clock): LeaseInstant {
  return { monotonicMs: clock.monotonicMs(), uptimeMs: clock.uptimeMs() };
}

/** A ping that came back. `queued`: what must have been applied before it counts. */
export interface Answer {
  readonly sentAt: LeaseInstant;
  readonly queued: number;
}

/** What is known. `waiting` are answers to messages that are not applied yet, oldest first. */
export interface Renewal {
  readonly renewedAt: LeaseInstant | undefined;
  readonly waiting: readonly Answer[];
}

/** Nothing has been answered yet. */
export const unrenewed: Renewal = { renewedAt: undefined, waiting: [] };

/** The hub has answered a ping; `received` is how far its messages are applied here. */
export function noteAnswer(renewal: Renewal, answer: Answer, received: number): Renewal {
  // What waits for as much or more and says less is of no use. It may also wait for what never comes: a hub that was
  // killed, or begins with another store, counts anew what was not on its disk.
  const { sentAt, queued } = answer;
  const useful = renewal.waiting.filter(
    (held) => held.queued < queued || held.sentAt.monotonicMs > sentAt.monotonicMs,
  );
  // At the cap the newest is dropped: an older one becomes good sooner, and that is never too much.
  const waiting = useful.length < renewalsHeldMax ? [...useful, answer] : useful;
  return noteReceived({ ...renewal, waiting }, received);
}

/** More of the hub's messages are applied. */
export function noteReceived(renewal: Renewal, received: number): Renewal {
  const good = renewal.waiting.filter(({ queued }) => queued <= received);
  if (good.length === 0) return renewal;
  const waiting = renewal.waiting.filter(({ queued }) => queued > received);
  const renewedAt = good.reduce(
    (best, { sentAt }) =>
      best === undefined || sentAt.monotonicMs > best.monotonicMs ? sentAt : best,
    renewal.renewedAt,
  );
  return { renewedAt, waiting };
}

/** The peer's store changed: numbers of the old stream say nothing about the new one. */
export function dropWaiting(renewal: Renewal): Renewal {
  return { ...renewal, waiting: [] };
}

/**
 * Milliseconds for which the lease still holds: by the clock that says less, so that a box which
 * slept (its monotonic clock stood still) does not act on a right that it lost meanwhile.
 */
export function findLeaseLeftMs(
  from: LeaseInstant | undefined,
  now: LeaseInstant,
  termMs: number,
): number {
  if (from === undefined) return 0;
  const awakeMs = now.monotonicMs - from.monotonicMs;
  const elapsedMs = now.uptimeMs - from.uptimeMs - uptimeErrorMs;
  return termMs - Math.max(awakeMs, elapsedMs);
}

/** `uptimeMs` counts whole seconds on some systems, so two readings may differ by that much more. */
const uptimeErrorMs = 1000;
