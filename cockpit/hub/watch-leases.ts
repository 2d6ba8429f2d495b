/*
 * The loop that watches over silence: leases that run out, and deadlines that nobody answers for.
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

/**
 * A worker ends overdue work itself; one that was silent for so long after a deadline, and before,
 * will not say how it ended in any time that its M2 asked for.
 */
export const deadlineGraceMs = 30_000;

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
  readonly #dueAt = new Map<AttemptId, number>();
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
      const loss = lostCount < lostPerLookMax ? this.#findLoss(job) : undefined;
      if (loss === undefined) continue;
      lostCount += 1;
      await this.#parts.desk.declareLost(job.id, loss);
    }
    for (const attempt of this.#leases.keys()) if (!seen.has(attempt)) this.#leases.delete(attempt);
    for (const attempt of this.#dueAt.keys()) if (!seen.has(attempt)) this.#dueAt.delete(attempt);
  }

  #isOverdue(job: CommandJob): boolean {
    const { expiresAt, state } = getLastAttempt(job);
    if (expiresAt === undefined || this.#parts.ports.clock.wallMs() < expiresAt) return false;
    return state.is === 'queued';
  }

  /** Steps the lease by what was heard since the last look; gives the reason of a loss. */
  #findLoss(job: CommandJob): string | undefined {
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
    const silentMs = lease.is === 'held' ? nowMs - lease.heardAt : 0;
    const { state, effects } = this.#step(lease, { type: 'tick' }, nowMs);
    this.#leases.set(attempt, state);
    if (effects.length > 0)
      return `It was not heard of for ${formatSeconds(job.spec.lostAfterMs)}.`;
    const isOver = nowMs >= this.#findDueAt(job, nowMs) + deadlineGraceMs;
    if (!isOver || silentMs < deadlineGraceMs) return undefined;
    return `Its deadline passed, and its worker was silent for ${formatSeconds(silentMs)}.`;
  }

  /** The deadline on this hub's monotonic clock, so that a step of the wall clock ends nothing. */
  #findDueAt(job: CommandJob, nowMs: number): number {
    const { n, expiresAt } = getLastAttempt(job);
    const attempt = formatAttemptId(job.id, n);
    const leftMs =
      expiresAt === undefined ? undefined : expiresAt - this.#parts.ports.clock.wallMs();
    const dueAt = this.#dueAt.get(attempt) ?? nowMs + (leftMs ?? Number.POSITIVE_INFINITY);
    this.#dueAt.set(attempt, dueAt);
    return dueAt;
  }

  #step(lease: LeaseState, event: LeaseEvent, nowMs: number) {
    return stepLease(lease, event, { nowMs, roll: 0 });
  }
}

function formatSeconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
