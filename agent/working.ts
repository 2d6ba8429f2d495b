/*
 * The three loops around running work: what starts it, what ends it in time, and what ends it when
 * this agent no longer can.
 *
 * It only composes them and passes on what wakes them; each decides for itself. Invariant: all three
 * measure a lease with the same function, so none can hold one that another has given up.
 */
import type { LeaseInstant } from '../protocol/machines/renewal.ts';
import type { AttemptId } from '../protocol/model.ts';
import type { AgentParts } from './agent-parts.ts';
import type { HeldAttempt } from './attempts.ts';
import type { Desk } from './desk.ts';
import type { HubClock } from './hub-clock.ts';
import type { Leavings } from './leavings.ts';
import { GuardLeases } from './loops/guard-leases.ts';
import { RunWork, type RunWorkParts } from './loops/run-work.ts';
import { WatchWork } from './loops/watch-work.ts';

/** What they are made from. */
export interface WorkingParts
  extends Pick<
      AgentParts,
      'workshop' | 'guards' | 'logs' | 'disk' | 'ports' | 'noticed' | 'policies'
    >,
    Pick<RunWorkParts, 'mark' | 'mayStart' | 'failed'> {
  readonly desk: Desk;
  readonly slots: number;
  readonly hubClock: HubClock;
  /** Since when the hub is known to have heard from us. */
  readonly renewedAt: () => LeaseInstant | undefined;
  readonly leavings: Leavings;
}

/** Life cycle: `wake` when something changed, `renewed` when the leases were; `stop` at the end. */
export class Working {
  readonly run: RunWork;
  readonly watch: WatchWork;
  readonly guard: GuardLeases;
  readonly #desk: Desk;

  constructor(parts: WorkingParts) {
    const { desk, guards: source, hubClock, renewedAt, leavings, failed } = parts;
    const leftMs = (held: HeldAttempt) => hubClock.findLeftMs(held);
    const leaseLeftMs = (termMs: number) => hubClock.findLeaseLeftMs(renewedAt(), termMs);
    const common = { ...parts, leftMs, leaseLeftMs };
    this.#desk = desk;
    this.watch = new WatchWork(common);
    const isAsked = (attempt: AttemptId) => this.run.isAsked(attempt);
    this.guard = new GuardLeases({ ...common, source, isAsked });
    this.run = new RunWork({
      ...common,
      cover: (attempt) => this.guard.cover(attempt),
      logGrew: (attempt) => leavings.noteLogGrew(attempt).catch(failed),
      collect: (...wish) => leavings.collect(...wish),
    });
  }

  wake(): void {
    this.run.wake();
    this.watch.wake();
    this.guard.wake();
  }

  /** The hub has answered a newer ping. */
  renewed(): void {
    this.guard.wake();
    // Work with a lease may wait for just this.
    const waits = this.#desk
      .list()
      .some(({ state, spec }) => state.is === 'accepted' && spec.stopAfterMs !== undefined);
    if (waits) this.run.wake();
  }

  stop(): void {
    this.watch.stop();
    this.guard.stop();
  }
}
