/*
 * The warm pool of a provider: how many boxes to make or let go, and when to stop trying. Pure.
 *
 * `max` counts every box that costs or may cost, those in the making and those on their way out included, so no
 * refill can ever go over it. A failure makes the pool wait, twice as long each time; after a few the M2 is
 * asked, and nothing is made before they have answered: a loop that fails must not burn money.
 */
import { planPause } from '../../protocol/machines/table.ts';
import { isSpawnCounted, isSpawnStaying } from './spawn-machine.ts';
import type { PoolRecord, SpawnRecord } from './spawn-state.ts';

/** Failures in a row before the M2 is asked. */
export const poolFailuresMax = 3;

const poolPause = { baseMs: 60_000, capMs: 60 * 60_000 };

/** What a provider allows. */
export interface PoolLimits {
  readonly warm: number;
  readonly max: number;
}

/** What is to be done about a pool. */
export interface PoolPlan {
  readonly makeCount: number;
  /** Names of ready boxes that are more than wanted, the youngest first. */
  readonly surplus: readonly string[];
  /** Wall instant at which to look again, where a pause holds it up. */
  readonly waitUntil?: number;
}

/** A pool of which nothing is known yet. */
export function freshPool(provider: string): PoolRecord {
  return { provider, failureCount: 0, retryAt: 0, is: 'on', reason: '' };
}

/** Boxes of these that count against the provider's `max`. */
export function countBoxes(boxes: readonly SpawnRecord[]): number {
  return boxes.filter(({ state }) => isSpawnCounted(state)).length;
}

/** What to do now; `boxes` are all of this provider. */
export function planPool(
  { warm, max }: PoolLimits,
  { boxes, pool }: { readonly boxes: readonly SpawnRecord[]; readonly pool: PoolRecord },
  wallMs: number,
): PoolPlan {
  const pooled = boxes.filter(({ isPooled, state }) => isPooled && isSpawnStaying(state));
  const surplus = pooled
    .filter(({ state }) => state.is === 'ready')
    .toSorted((a, b) => b.askedAt - a.askedAt)
    .slice(0, Math.max(0, pooled.length - warm))
    .map(({ name }) => name);
  const makeCount = Math.max(0, Math.min(warm - pooled.length, max - countBoxes(boxes)));
  if (makeCount === 0 || pool.is !== 'on') return { makeCount: 0, surplus };
  if (wallMs < pool.retryAt) return { makeCount: 0, surplus, waitUntil: pool.retryAt };
  return { makeCount, surplus };
}

/** A box for the pool came to nothing. */
export function failPool(
  pool: PoolRecord,
  { reason, wallMs, roll }: { reason: string; wallMs: number; roll: number },
): PoolRecord {
  const failureCount = pool.failureCount + 1;
  const retryAt = Math.round(wallMs + planPause(pool.failureCount, poolPause, roll));
  const isAsked = pool.is === 'on' && failureCount >= poolFailuresMax;
  return { ...pool, failureCount, retryAt, reason, is: isAsked ? 'asked' : pool.is };
}

/** The boxes of the pool that may be given to who asks: those that are ready, the oldest first. */
export function listPooled(boxes: readonly SpawnRecord[]): readonly SpawnRecord[] {
  return boxes
    .filter(({ isPooled, state }) => isPooled && state.is === 'ready')
    .toSorted((a, b) => a.askedAt - b.askedAt);
}
