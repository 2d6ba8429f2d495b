/*
 * The loop that ends work in time: deadlines, and leases that were not renewed.
 *
 * It measures on this box's own clocks; the hub's wall clock is used once, when an attempt is first
 * seen, to turn its instant into what is left. A lease (`--stop-after`) runs from the newest ping that
 * the hub has answered, so hearing the hub is not enough. It sleeps until the next limit, looks every second
 * while a lease is held and every half minute while a deadline is (the box may have slept, and its timers with it),
 * and does nothing while no work runs.
 * Source: reliability facts R14, R16, R18.
 */
import { ChurnMap } from '../../protocol/churn-map.ts';
import {
  findLeaseLeftMs,
  type LeaseInstant,
  readInstant,
} from '../../protocol/machines/renewal.ts';
import type { AttemptId } from '../../protocol/model.ts';
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import type { HeldAttempt } from '../attempts.ts';
import type { Desk } from '../desk.ts';
import { deadlineLookMs, leaseLookMs } from '../limits.ts';
import type { Policies } from '../policy/policies.ts';
import type { EndCause } from '../work/work.ts';

/** What the loop needs. */
export interface WatchWorkParts {
  readonly desk: Desk;
  readonly ports: Ports;
  readonly leftMs: (held: HeldAttempt) => number | undefined;
  /** Milliseconds for which a lease of this term still holds. */
  readonly leaseLeftMs: (termMs: number) => number;
  /** How long work that starts now may run here. */
  readonly policies: Pick<Policies, 'runMsMax'>;
  readonly failed: (error: unknown) => void;
}

/** Life cycle: `wake` when attempts change, `stop` at the end. */
export class WatchWork {
  readonly #parts: WatchWorkParts;
  /** How much was left of each when it was first seen, and when that was. */
  readonly #deadlines = new ChurnMap<
    AttemptId,
    { readonly from: LeaseInstant; readonly leftMs: number }
  >();
  /** When what runs has run for as long as the policy let it when it began; undefined where that was no matter. */
  readonly #runEnds = new ChurnMap<AttemptId, number | undefined>();
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
    const open = desk.list().filter(({ state }) => state.is !== 'finished');
    let nextMs = Number.POSITIVE_INFINITY;
    if (open.length > 0) {
      const now = readInstant(ports.clock);
      for (const held of open) nextMs = Math.min(nextMs, this.#watch(held, now));
    }
    this.#forgetOthers(open);
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (nextMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = ports.timers.after(Math.max(1, nextMs), () => this.wake());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  /** What is not among these has no limit any more. */
  #forgetOthers(open: readonly HeldAttempt[]): void {
    if (this.#deadlines.size === 0 && this.#runEnds.size === 0) return;
    const seen = new Set(open.map(({ attempt }) => attempt));
    for (const known of [this.#deadlines, this.#runEnds]) {
      for (const attempt of known.keys()) if (!seen.has(attempt)) known.delete(attempt);
    }
  }

  /** Ends it when a limit has passed; returns how long until it must be looked at again. */
  #watch(held: HeldAttempt, now: LeaseInstant): number {
    const leftMs = this.#findLeftMs(held, now);
    if (leftMs <= 0) return this.#end(held, 'deadline');
    const lookMs = leftMs === Number.POSITIVE_INFINITY ? leftMs : Math.min(leftMs, deadlineLookMs);
    const runMs = this.#findRunEnd(held, now.monotonicMs) - now.monotonicMs;
    if (runMs <= 0) return this.#end(held, 'run-time');
    const { stopAfterMs } = held.spec;
    if (stopAfterMs === undefined || held.state.is === 'accepted') return Math.min(lookMs, runMs);
    const leaseMs = this.#parts.leaseLeftMs(stopAfterMs);
    if (leaseMs <= 0) return this.#end(held, 'hub-silent');
    return Math.min(lookMs, runMs, leaseMs, leaseLookMs);
  }

  /** Until its deadline, the time that this box slept included; infinite where it has none. */
  #findLeftMs(held: HeldAttempt, now: LeaseInstant): number {
    const known = this.#deadlines.get(held.attempt);
    if (known !== undefined) return findLeaseLeftMs(known.from, now, known.leftMs);
    const leftMs = this.#parts.leftMs(held);
    if (leftMs === undefined) return Number.POSITIVE_INFINITY;
    this.#deadlines.set(held.attempt, { from: now, leftMs });
    return leftMs;
  }

  /** What runs goes on when the policy changes: its own limit is that of its start. */
  #findRunEnd({ attempt, state }: HeldAttempt, nowMs: number): number {
    if (state.is === 'running' && !this.#runEnds.has(attempt)) {
      const { runMsMax } = this.#parts.policies;
      this.#runEnds.set(attempt, runMsMax === undefined ? undefined : nowMs + runMsMax);
    }
    return this.#runEnds.get(attempt) ?? Number.POSITIVE_INFINITY;
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
