/*
 * A spawned box under a test's hand: its machine, and the time that passes for it.
 */
import { findSpawnDeadline, stepSpawn } from '../../../cockpit/manager/spawn-machine.ts';
import type {
  SpawnEffect,
  SpawnEvent,
  SpawnMoment,
  SpawnState,
} from '../../../cockpit/manager/spawn-state.ts';

/** What its provider calls it. */
export const box = { id: 'i-1' };
/** Who is on it. */
export const worker = 'ab'.repeat(32);
/** How often its provider is looked at. */
export const pace = { lookMs: 5000, watchMs: 60_000, settleMs: 60_000, makeMs: 900_000 };

/** A box under the test's hand. */
export class Hand {
  state: SpawnState = { is: 'asked' };
  nowMs = 0;
  makingLeftMs = 0;
  readonly effects: SpawnEffect[] = [];
  readonly #isPooled: boolean;

  constructor(whose: 'asked for' | 'for the pool' = 'asked for') {
    this.#isPooled = whose === 'for the pool';
  }

  say(...events: readonly SpawnEvent[]): this {
    for (const event of events) {
      const { nowMs, makingLeftMs } = this;
      const at: SpawnMoment = { nowMs, roll: 0.5, pace, isPooled: this.#isPooled, makingLeftMs };
      const { state, effects } = stepSpawn(this.state, event, at);
      this.state = state;
      this.effects.push(...effects);
    }
    return this;
  }

  /** Lets time pass to the next deadline, and ticks. */
  tick(): this {
    this.nowMs = Math.max(this.nowMs, findSpawnDeadline(this.state) ?? this.nowMs);
    return this.say({ type: 'tick' });
  }

  count(what: SpawnEffect['do']): number {
    return this.effects.filter((effect) => effect.do === what).length;
  }

  told(): readonly string[] {
    return this.effects.flatMap((effect) => (effect.do === 'tell' ? [effect.kind] : []));
  }
}

/** The list has it. */
export const found = (state: 'coming' | 'ready' | 'stopped' = 'ready'): SpawnEvent => ({
  type: 'found',
  box,
  state,
});
/** The list lacks it. */
export const missing: SpawnEvent = { type: 'missing' };
/** The command that makes it failed, and may have made it. */
export const failed = { type: 'make-failed', reason: 'quota', isSure: false } as const;

/** One that has its agent. */
export function ready(whose?: 'asked for' | 'for the pool'): Hand {
  const hand = new Hand(whose).say({ type: 'begin' }, { type: 'made' }).tick().say(found());
  return hand.tick().say(found(), { type: 'entered', worker });
}
