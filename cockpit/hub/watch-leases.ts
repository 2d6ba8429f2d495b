/*
 * The loop that watches over silence: leases that run out, and deadlines that nobody answers for.
 *
 * It looks once a second at unended jobs only, steps their lease machines, and asks the desk to act.
 * Time counts from this hub's own start, on its monotonic clock, so a hub that was down or asleep
 * blames nobody. Only a few workers a minute lose their work, so that a fault of ours cannot end
 * everything at once. Source: reliability facts R18, R20.
 */
import {
  grantLease,
  type LeaseEvent,
  type LeaseState,
  stepLease,
} from '../../protocol/machines/lease.ts';
import type { AttemptId, PeerKey } from '../../protocol/model.ts';
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import {
  type AttemptRecord,
  type CommandJob,
  formatAttemptId,
  isReplaced,
} from '../manager/job.ts';
import type { LossCause } from '../manager/plan-loss.ts';
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

/**
 * Workers whose silence may cost them their work in one minute. When more fall silent at once it is
 * rather this hub, or its network, that is at fault; the rest wait. Source: reliability facts R20.
 */
export const silentWorkersMax = 5;

/** See `silentWorkersMax`. */
export const silentWorkersMs = 60_000;

interface Loss {
  readonly reason: string;
  readonly cause: LossCause;
}

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
  /** Workers whose work was declared lost lately, and when. */
  readonly #blamed = new Map<PeerKey, number>();
  /** Silence counts from here at the earliest; a hub that slept could not hear anybody. */
  #awakeAt = 0;
  #lookedAt: number | undefined;
  #cancelTimer: CancelTimer | undefined;
  #isStopped = false;

  constructor(parts: WatchLeasesParts) {
    this.#parts = parts;
  }

  /** Attempts that it has a memory of; never more than have not ended, once it has looked. */
  get watchedCount(): number {
    return Math.max(this.#leases.size, this.#dueAt.size);
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
    const nowMs = this.#noteTime();
    const seen = new Set<AttemptId>();
    for (const job of this.#parts.desk.listActive()) {
      if (job.kind !== 'command') continue;
      for (const attempt of job.attempts) {
        // What was replaced is not waited for; what another attempt does settles it.
        if (attempt.state.is === 'finished' || isReplaced(attempt.state)) continue;
        seen.add(formatAttemptId(job.id, attempt.n));
        await this.#judge(job, attempt, nowMs);
        // What is lost is waited for, and the hub may be stopped meanwhile as at any time.
        this.#noteTime();
      }
    }
    for (const attempt of this.#leases.keys()) if (!seen.has(attempt)) this.#leases.delete(attempt);
    for (const attempt of this.#dueAt.keys()) if (!seen.has(attempt)) this.#dueAt.delete(attempt);
  }

  /** In time that passed unseen nobody could be heard. */
  #noteTime(): number {
    const nowMs = this.#parts.ports.clock.monotonicMs();
    if (this.#lookedAt !== undefined && nowMs - this.#lookedAt >= sleptMsMin) this.#awakeAt = nowMs;
    this.#lookedAt = nowMs;
    return nowMs;
  }

  async #judge(job: CommandJob, attempt: AttemptRecord, nowMs: number): Promise<void> {
    const { desk } = this.#parts;
    if (this.#isOverdue(formatAttemptId(job.id, attempt.n), attempt, nowMs)) {
      await desk.expire(job.id);
    }
    const loss = this.#findLoss(job, attempt);
    if (loss === undefined || !this.#mayBlame(attempt.worker, nowMs)) return;
    await desk.declareLost({ id: job.id, n: attempt.n }, loss);
  }

  /**
   * By either clock: the wall's may have been set back, and the monotonic one stands still while the box sleeps. Too
   * early is asked about, too late would be work that nobody wants any more.
   */
  #isOverdue(id: AttemptId, attempt: AttemptRecord, nowMs: number): boolean {
    const { expiresAt, state } = attempt;
    if (expiresAt === undefined || state.is !== 'queued') return false;
    const isDue = nowMs >= this.#findDueAt(id, attempt, nowMs);
    return isDue || this.#parts.ports.clock.wallMs() >= expiresAt;
  }

  #mayBlame(worker: PeerKey, nowMs: number): boolean {
    for (const [key, at] of this.#blamed) {
      if (nowMs - at >= silentWorkersMs) this.#blamed.delete(key);
    }
    if (!this.#blamed.has(worker) && this.#blamed.size >= silentWorkersMax) return false;
    if (!this.#blamed.has(worker)) this.#blamed.set(worker, nowMs);
    return true;
  }

  /** Steps the lease by what was heard since the last look; gives the reason of a loss. */
  #findLoss(job: CommandJob, attempt: AttemptRecord): Loss | undefined {
    const { ports, heardAt } = this.#parts;
    const id = formatAttemptId(job.id, attempt.n);
    const nowMs = ports.clock.monotonicMs();
    const { lostAfterMs } = job.spec;
    let lease = this.#leases.get(id) ?? grantLease(lostAfterMs, { nowMs, roll: 0 });
    const heard = Math.max(heardAt(attempt.worker) ?? 0, this.#awakeAt);
    if (lease.is === 'held' && heard > lease.heardAt) {
      lease = this.#step(lease, { type: 'heard' }, heard).state;
    }
    const silentMs = lease.is === 'held' ? nowMs - lease.heardAt : lostAfterMs;
    lease = this.#step(lease, { type: 'tick' }, nowMs).state;
    // One that lapsed is not kept: where it may not be declared yet, it may still be heard.
    if (lease.is !== 'lapsed') this.#leases.set(id, lease);
    if (lease.is === 'lapsed') {
      const reason = `It was not heard of for ${formatSeconds(lostAfterMs)}.`;
      return { reason, cause: 'silence' };
    }
    const isOver = nowMs >= this.#findDueAt(id, attempt, nowMs) + deadlineGraceMs;
    if (!isOver || silentMs < deadlineGraceMs) return undefined;
    const reason = `Its deadline passed, and its worker was silent for ${formatSeconds(silentMs)}.`;
    return { reason, cause: 'overdue' };
  }

  /** The deadline on this hub's monotonic clock, so that a step of the wall clock ends nothing. */
  #findDueAt(id: AttemptId, { expiresAt }: AttemptRecord, nowMs: number): number {
    const leftMs =
      expiresAt === undefined ? undefined : expiresAt - this.#parts.ports.clock.wallMs();
    const dueAt = this.#dueAt.get(id) ?? nowMs + (leftMs ?? Number.POSITIVE_INFINITY);
    this.#dueAt.set(id, dueAt);
    return dueAt;
  }

  #step(lease: LeaseState, event: LeaseEvent, nowMs: number) {
    return stepLease(lease, event, { nowMs, roll: 0 });
  }
}

function formatSeconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
