/*
 * The loop that ends work in time: deadlines, and the hub's silence where the policy says so.
 *
 * It measures on the monotonic clock of this box only; the wall clock is used once, when work
 * starts, to turn the hub's instant into what is left. It sleeps until the next limit and does
 * nothing while no work runs. Source: reliability facts R16, R18.
 */
import type { AttemptId } from '../../protocol/model.ts';
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import type { HeldAttempt } from '../attempts.ts';
import type { Desk } from '../desk.ts';
import type { EndCause } from '../work/work.ts';

/** What the loop needs. `hubHeardAt` is the monotonic instant at which the hub was last heard. */
export interface WatchWorkParts {
  readonly desk: Desk;
  readonly ports: Ports;
  readonly leftMs: (held: HeldAttempt) => number | undefined;
  readonly hubHeardAt: () => number;
  readonly failed: (error: unknown) => void;
}

/** Life cycle: `wake` when attempts change, `stop` at the end. */
export class WatchWork {
  readonly #parts: WatchWorkParts;
  readonly #deadlines = new Map<AttemptId, number>();
  #cancelTimer: CancelTimer | undefined;
  #isStopped = false;

  constructor(parts: WatchWorkParts) {
    this.#parts = parts;
  }

  /** One line for people. */
  get status(): string {
    return `${this.#deadlines.size} deadlines watched`;
  }

  /** Looks at everything that runs and sleeps until the next limit. */
  wake(): void {
    if (this.#isStopped) return;
    const { desk, ports } = this.#parts;
    const nowMs = ports.clock.monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    const seen = new Set<AttemptId>();
    for (const held of desk.list()) {
      if (held.state.is === 'finished') continue;
      seen.add(held.attempt);
      next = Math.min(next, this.#watch(held, nowMs));
    }
    for (const attempt of this.#deadlines.keys()) {
      if (!seen.has(attempt)) this.#deadlines.delete(attempt);
    }
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (next === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = ports.timers.after(Math.max(1, next - nowMs), () => this.wake());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  /** Ends it when a limit has passed; returns when to look again. */
  #watch(held: HeldAttempt, nowMs: number): number {
    const deadline = this.#findDeadline(held, nowMs);
    const { stopAfterMs } = held.spec;
    const silentAt =
      stopAfterMs === undefined || held.state.is === 'accepted'
        ? Number.POSITIVE_INFINITY
        : this.#parts.hubHeardAt() + stopAfterMs;
    if (nowMs >= deadline) return this.#end(held, 'deadline');
    if (nowMs >= silentAt) return this.#end(held, 'hub-silent');
    return Math.min(deadline, silentAt);
  }

  #findDeadline(held: HeldAttempt, nowMs: number): number {
    const known = this.#deadlines.get(held.attempt);
    if (known !== undefined) return known;
    const leftMs = this.#parts.leftMs(held);
    if (leftMs === undefined) return Number.POSITIVE_INFINITY;
    this.#deadlines.set(held.attempt, nowMs + leftMs);
    return nowMs + leftMs;
  }

  #end(held: HeldAttempt, cause: EndCause): number {
    const { desk, ports, failed } = this.#parts;
    const at = Math.round(ports.clock.wallMs());
    const isWaiting = held.state.is === 'accepted';
    const isAsked = 'endCause' in held.state && held.state.endCause !== undefined;
    if (!isAsked) {
      const event = isWaiting
        ? ({ type: 'expired', at } as const)
        : ({ type: 'end', at, cause } as const);
      desk.step(held.attempt, event).catch(failed);
    }
    return Number.POSITIVE_INFINITY;
  }
}
