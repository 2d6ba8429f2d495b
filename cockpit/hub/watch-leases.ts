/*
 * The loop that watches over silence: leases that run out, and deadlines of what never left.
 *
 * It looks once a second at unended jobs only, steps their lease machines, and asks the desk to act.
 * Time counts from this hub's own start, on its monotonic clock, so a hub that was down or asleep
 * blames nobody. At most a few workers' jobs are declared lost in one look, so that a fault of ours
 * cannot end everything at once. Source: reliability facts R18, R20.
 */
import {
  grantLease,
  type LeaseEvent,
  type LeaseState,
  stepLease,
} from '../../protocol/machines/lease.ts';
import type { AttemptId, PeerKey } from '../../protocol/model.ts';
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import { type CommandJob, formatAttemptId, getLastAttempt } from '../manager/job.ts';
import type { HubDesk } from './desk.ts';

/** Between two looks. Lost-after times are minutes to days, deadlines seconds. */
export const lookMs = 1000;

/** A look that comes so late means that this hub slept or was stopped meanwhile. */
export const sleptMsMin = 5 * lookMs;

/** Attempts declared lost in one look; the rest wait for the next. */
export const lostPerLookMax = 64;

/** What the loop needs. `heardAt`: monotonic instant a worker was last heard by this hub. */
export interface WatchLeasesParts {
  readonly desk: HubDesk;
  readonly ports: Ports;
  readonly heardAt: (worker: PeerKey) => number | undefined;
  readonly failed: (error: unknown) => void;
}

/** Life cycle: `start`, `stop`; both safe to repeat. */
export class WatchLeases {
  readonly #parts: WatchLeasesParts;
  readonly #leases = new Map<AttemptId, LeaseState>();
  /** Silence counts from here at the earliest; a hub that slept could not hear anybody. */
  #awakeAt = 0;
  #lookedAt: number | undefined;
  #cancelTimer: CancelTimer | undefined;
  #isStopped = false;

  constructor(parts: WatchLeasesParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#isStopped || this.#cancelTimer !== undefined) return;
    this.#cancelTimer = this.#parts.ports.timers.after(lookMs, () => {
      this.#cancelTimer = undefined;
      this.#look()
        .catch(this.#parts.failed)
        .finally(() => this.start());
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  async #look(): Promise<void> {
    const nowMs = this.#parts.ports.clock.monotonicMs();
    if (this.#lookedAt !== undefined && nowMs - this.#lookedAt >= sleptMsMin) this.#awakeAt = nowMs;
    this.#lookedAt = nowMs;
    const seen = new Set<AttemptId>();
    let lostCount = 0;
    for (const job of this.#parts.desk.listActive()) {
      if (job.kind !== 'command') continue;
      seen.add(formatAttemptId(job.id, getLastAttempt(job).n));
      if (this.#isOverdue(job)) await this.#parts.desk.expire(job.id);
      if (lostCount < lostPerLookMax && this.#isLost(job)) {
        lostCount += 1;
        const reason = `It was not heard of for ${Math.round(job.spec.lostAfterMs / 1000)} s.`;
        await this.#parts.desk.declareLost(job.id, reason);
      }
    }
    for (const attempt of this.#leases.keys()) if (!seen.has(attempt)) this.#leases.delete(attempt);
  }

  #isOverdue(job: CommandJob): boolean {
    const { expiresAt, state } = getLastAttempt(job);
    if (expiresAt === undefined || this.#parts.ports.clock.wallMs() < expiresAt) return false;
    return state.is === 'queued';
  }

  /** Steps the lease by what was heard since the last look. */
  #isLost(job: CommandJob): boolean {
    const { ports, heardAt } = this.#parts;
    const { n, worker } = getLastAttempt(job);
    const attempt = formatAttemptId(job.id, n);
    const nowMs = ports.clock.monotonicMs();
    const moment = { nowMs, roll: 0 };
    let lease = this.#leases.get(attempt) ?? grantLease(job.spec.lostAfterMs, moment);
    const heard = Math.max(heardAt(worker) ?? 0, this.#awakeAt);
    if (lease.is === 'held' && heard > lease.heardAt) {
      lease = this.#step(lease, { type: 'heard' }, heard).state;
    }
    const { state, effects } = this.#step(lease, { type: 'tick' }, nowMs);
    this.#leases.set(attempt, state);
    return effects.length > 0;
  }

  #step(lease: LeaseState, event: LeaseEvent, nowMs: number) {
    return stepLease(lease, event, { nowMs, roll: 0 });
  }
}
