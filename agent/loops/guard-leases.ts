/*
 * The loop that keeps a guard while leased work runs, and tells it what the leases are.
 *
 * The guard lives on when this agent is killed, and ends such work when its lease runs out. Work with
 * a lease is started only once a guard knows of it. A guard that ends or falls silent is followed by
 * another; a lease is stated whole each time, so nothing is lost with one. It decides nothing about
 * leases: how long they hold is measured where the agent itself measures it, and an agent that lives
 * ends its work before its guard would. Source: reliability facts R14, R16, R18.
 */
import { AppError } from '../../protocol/errors.ts';
import {
  findLeaseLeftMs,
  type LeaseInstant,
  readInstant,
} from '../../protocol/machines/renewal.ts';
import type { AttemptId } from '../../protocol/model.ts';
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import type { HeldAttempt } from '../attempts.ts';
import type { Desk } from '../desk.ts';
import type { GuardHandle, GuardSource } from '../guard/guard-process.ts';
import type { GuardRow } from '../guard/guard-words.ts';
import {
  guardEndingMs,
  guardIdleMs,
  guardReadyMsMax,
  guardRestartMsBase,
  guardRestartMsMax,
  guardSilentMsMax,
  guardStateMs,
  guardTickMs,
} from '../guard/limits.ts';

/** What the loop needs. */
export interface GuardLeasesParts {
  readonly desk: Desk;
  readonly ports: Pick<Ports, 'clock' | 'timers'>;
  readonly source: Pick<GuardSource, 'open' | 'graceMs'>;
  readonly mark: (attempt: AttemptId) => string;
  /** Milliseconds for which a lease of this term still holds. */
  readonly leaseLeftMs: (termMs: number) => number;
  /** Was its process asked to end? That is more than that its end was decided, which may wait for the disk. */
  readonly isAsked: (attempt: AttemptId) => boolean;
  readonly noticed: (line: string) => void;
  readonly failed: (error: unknown) => void;
}

/** How well leases are guarded: `none` are held, a guard lives, or it does not yet or not any more. */
export interface GuardHealth {
  readonly is: 'none' | 'up' | 'down';
  readonly leaseCount: number;
  readonly pid: number | null;
}

/** A guard that was started; `tick` once it has spoken. */
interface Present {
  readonly handle: GuardHandle;
  tick: { readonly at: LeaseInstant; readonly heardAtMs: number } | undefined;
}

/** Somebody who waits until a guard knows of this attempt. */
interface Waiter {
  readonly attempt: AttemptId;
  resolve(): void;
}

/** Life cycle: `cover` before leased work starts, `wake` when something changed, `stop` at the end. */
export class GuardLeases {
  readonly #parts: GuardLeasesParts;
  readonly #covered = new Set<AttemptId>();
  readonly #waiters = new Set<Waiter>();
  #present: Present | undefined;
  /** Guards that ended since the last one that ticked. */
  #failCount = 0;
  /** A statement is on its way to the system; what changed meanwhile follows it. */
  #isStating = false;
  #isStale = false;
  #cancelSoon: CancelTimer | undefined;
  #cancelSilence: CancelTimer = () => undefined;
  #cancelRestart: CancelTimer | undefined;
  #cancelIdle: CancelTimer | undefined;
  #isStopped = false;

  constructor(parts: GuardLeasesParts) {
    this.#parts = parts;
  }

  /** One line for people. */
  get status(): string {
    const { is, leaseCount, pid } = this.health;
    if (is === 'none') return 'no lease is held';
    const by = is === 'up' ? `guarded by process ${pid}` : 'without a guard for now';
    return `${leaseCount} ${leaseCount === 1 ? 'lease' : 'leases'} ${by}`;
  }

  get health(): GuardHealth {
    const leaseCount = this.#covered.size;
    if (leaseCount === 0) return { is: 'none', leaseCount, pid: null };
    const isUp = this.#present?.tick !== undefined;
    return { is: isUp ? 'up' : 'down', leaseCount, pid: this.#present?.handle.pid ?? null };
  }

  /**
   * Resolves once a guard knows that this attempt's processes must end with its lease. Errors:
   * JOB_UNGUARDED when none comes up in time.
   */
  cover(attempt: AttemptId): Promise<void> {
    this.#covered.add(attempt);
    return new Promise((resolve, reject) => {
      const cancel = this.#parts.ports.timers.after(guardReadyMsMax, () => {
        this.#waiters.delete(waiter);
        reject(new AppError('JOB_UNGUARDED'));
      });
      const waiter = {
        attempt,
        resolve: () => {
          this.#waiters.delete(waiter);
          cancel();
          resolve();
        },
      };
      this.#waiters.add(waiter);
      this.#keepOrLetGo();
      this.#state();
    });
  }

  /** Sees to a guard, and states the leases in a moment. Costs nothing while none is held. */
  wake(): void {
    if (this.#isStopped || (this.#covered.size === 0 && this.#present === undefined)) return;
    this.#listRows();
    this.#keepOrLetGo();
    this.#cancelSoon ??= this.#parts.ports.timers.after(guardStateMs, () => {
      this.#cancelSoon = undefined;
      this.#state();
    });
  }

  /**
   * Lets the guard go, with a last word on what is held: without it a guard waits for the whole lease of
   * work that ended a moment ago. It ends by itself, after what it still holds where there is any.
   */
  stop(): void {
    this.#isStopped = true;
    const timers = [this.#cancelSoon, this.#cancelSilence, this.#cancelRestart, this.#cancelIdle];
    for (const cancel of timers) cancel?.();
    const { handle, tick } = this.#present ?? {};
    if (tick !== undefined) void handle?.state({ from: tick.at, rows: this.#listRows() });
    handle?.close();
  }

  #listRows(): readonly GuardRow[] {
    const rows: GuardRow[] = [];
    for (const attempt of this.#covered) {
      // One that was given up has its grace, and its name may have been given anew meanwhile.
      const { desk } = this.#parts;
      const held = desk.disowned.find(attempt) ?? desk.find(attempt);
      const row = held === undefined ? undefined : this.#describe(held);
      if (row === undefined) this.#covered.delete(attempt);
      else rows.push(row);
    }
    return rows;
  }

  #describe({ attempt, state, spec }: HeldAttempt): GuardRow | undefined {
    if (state.is === 'finished' || spec.stopAfterMs === undefined) return undefined;
    const { mark, leaseLeftMs, isAsked, source } = this.#parts;
    const process =
      state.is === 'running' ? state.process : { pid: 0, start: '0', mark: mark(attempt) };
    const isEnding = isAsked(attempt);
    const leftMs = isEnding ? source.graceMs + guardEndingMs : leaseLeftMs(spec.stopAfterMs);
    return { ...process, forMs: leftMs + this.#findTickAge(), isEnding };
  }

  /**
   * How old the guard's newest tick is at least, by which it counts: as long as we have had it, and, where it waited for us
   * because this process did not run, by the box's uptime, which is the same for both.
   */
  #findTickAge(): number {
    const tick = this.#present?.tick;
    if (tick === undefined) return 0;
    const from = { monotonicMs: tick.heardAtMs, uptimeMs: tick.at.uptimeMs };
    return -findLeaseLeftMs(from, readInstant(this.#parts.ports.clock), 0);
  }

  /** One statement at a time, so that many changes at once cost one or two. */
  #state(): void {
    this.#isStale = true;
    if (!this.#isStating) void this.#stateAll();
  }

  async #stateAll(): Promise<void> {
    this.#isStating = true;
    while (this.#isStale && this.#present?.tick !== undefined) {
      this.#isStale = false;
      await this.#stateOnce(this.#present, this.#present.tick.at);
    }
    this.#isStating = false;
  }

  async #stateOnce(present: Present, from: LeaseInstant): Promise<void> {
    const rows = this.#listRows();
    const isSaid = await present.handle.state({ from, rows });
    if (!isSaid || present !== this.#present) return;
    const said = new Set(rows.map(({ mark }) => mark));
    for (const waiter of [...this.#waiters]) {
      if (said.has(this.#parts.mark(waiter.attempt))) waiter.resolve();
    }
  }

  /** A guard while there is a lease, and for a while after the last. */
  #keepOrLetGo(): void {
    const { timers } = this.#parts.ports;
    if (this.#covered.size > 0) {
      this.#cancelIdle?.();
      this.#cancelIdle = undefined;
      if (this.#present === undefined && this.#cancelRestart === undefined) this.#open();
      return;
    }
    if (this.#present === undefined) return;
    this.#cancelIdle ??= timers.after(guardIdleMs, () => {
      this.#cancelIdle = undefined;
      this.#cancelSilence();
      this.#present?.handle.close();
      this.#present = undefined;
    });
  }

  #open(): void {
    const { source, ports, desk, failed } = this.#parts;
    const isPresent = () => this.#present === present && !this.#isStopped;
    const handle = source.open({
      tick: (at) => {
        if (!isPresent()) return;
        present.tick = { at, heardAtMs: ports.clock.monotonicMs() };
        this.#failCount = 0;
        this.#watchSilence(present);
        this.#keepOrLetGo();
        this.#state();
      },
      ended: (mark) => {
        const attempt = [...this.#covered].find((one) => this.#parts.mark(one) === mark);
        const at = Math.round(ports.clock.wallMs());
        if (attempt === undefined || !isPresent()) return;
        desk.step(attempt, { type: 'end', at, cause: 'hub-silent' }).catch(failed);
      },
      gone: (why) => {
        if (isPresent()) this.#lose(why);
      },
    });
    const present: Present = { handle, tick: undefined };
    this.#present = present;
    this.#watchSilence(present);
  }

  /**
   * Where ticks stop coming it is stopped or stuck. A look that itself came late, because this process
   * did not run, has ticks waiting for it, and looks once more before it blames the guard.
   */
  #watchSilence(present: Present): void {
    const { timers } = this.#parts.ports;
    this.#cancelSilence();
    this.#cancelSilence = timers.after(guardSilentMsMax, () => {
      this.#cancelSilence = timers.after(guardTickMs, () => {
        if (this.#present !== present) return;
        present.handle.kill();
        this.#lose(`it said nothing for ${guardSilentMsMax / 1000} s`);
      });
    });
  }

  #lose(why: string): void {
    const { timers } = this.#parts.ports;
    this.#present = undefined;
    this.#cancelSilence();
    if (this.#covered.size === 0) return;
    const pauseMs = Math.min(guardRestartMsMax, guardRestartMsBase * 2 ** this.#failCount);
    this.#failCount = Math.min(this.#failCount + 1, 20);
    this.#parts.noticed(`the guard of leases is gone (${why}); another is started`);
    this.#cancelRestart = timers.after(pauseMs, () => {
      this.#cancelRestart = undefined;
      this.wake();
    });
  }
}
