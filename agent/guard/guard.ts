/*
 * The guard: ends work whose lease ran out, whatever became of the agent.
 *
 * It runs in a process of its own and knows only what the agent states and its own two clocks. It
 * renews nothing and reads no store. While it may have something to do it lives; once its agent is
 * gone and nothing is held it has finished. Invariant: what the agent renews in time is never touched.
 */
import type { LeaseInstant } from '../../protocol/machines/renewal.ts';
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import type { GuardRow, GuardTable, GuardWord } from './guard-words.ts';
import {
  findGuardLeftMs,
  type GuardedEffect,
  type GuardedEvent,
  type GuardedState,
  stepGuarded,
} from './guarded-machine.ts';
import { guardOrphanMsMax, guardTickMs } from './limits.ts';

/** What a guard acts on. */
export interface GuardParts {
  readonly ports: Pick<Ports, 'clock' | 'timers'>;
  /** Tells the agent. */
  readonly tell: (word: GuardWord) => void;
  /** Ends everything of this attempt. Never rejects. */
  readonly end: (row: GuardRow) => Promise<void>;
  /** There is nothing left to guard and nobody who could state more. Called once. */
  readonly finished: () => void;
}

/** Life cycle: `start`; then it is told tables, and once that its agent is gone. */
export class Guard {
  readonly #parts: GuardParts;
  /** By mark. */
  readonly #leases = new Map<string, GuardedState>();
  #heardAtMs: number;
  /** When the next tick is due; what is stated in between must not put it off. */
  #tickAtMs: number;
  #isAgentGone = false;
  #hasFinished = false;
  #cancelTimer: CancelTimer | undefined;

  constructor(parts: GuardParts) {
    this.#parts = parts;
    this.#heardAtMs = parts.ports.clock.monotonicMs();
    this.#tickAtMs = this.#heardAtMs;
  }

  start(): void {
    this.#look();
  }

  /** All leases that the agent holds now. */
  state({ from, rows }: GuardTable): void {
    const now = this.#readClocks();
    this.#heardAtMs = now.monotonicMs;
    const stated = new Set(rows.map(({ mark }) => mark));
    for (const mark of [...this.#leases.keys()]) {
      if (!stated.has(mark)) this.#step(mark, { type: 'dropped' });
    }
    for (const row of rows) {
      if (this.#leases.has(row.mark)) this.#step(row.mark, { type: 'stated', row, from, now });
      else this.#leases.set(row.mark, { is: 'held', row, from });
    }
    this.#look();
  }

  /** Its pipe was closed: it died, or needs no guard any more. What it stated last holds to its end. */
  agentGone(): void {
    this.#isAgentGone = true;
    this.#look();
  }

  #look(): void {
    if (this.#hasFinished) return;
    const now = this.#readClocks();
    for (const mark of [...this.#leases.keys()]) this.#step(mark, { type: 'looked', now });
    this.#cancelTimer?.();
    if (this.#isDone(now)) {
      this.#hasFinished = true;
      this.#parts.finished();
      return;
    }
    this.#tick(now);
    let nextMs = this.#tickAtMs - now.monotonicMs;
    for (const state of this.#leases.values())
      nextMs = Math.min(nextMs, findGuardLeftMs(state, now));
    this.#cancelTimer = this.#parts.ports.timers.after(Math.max(1, nextMs), () => this.#look());
  }

  #readClocks(): LeaseInstant {
    const { clock } = this.#parts.ports;
    return { monotonicMs: clock.monotonicMs(), uptimeMs: clock.uptimeMs() };
  }

  #tick(now: LeaseInstant): void {
    if (now.monotonicMs < this.#tickAtMs) return;
    this.#tickAtMs = now.monotonicMs + guardTickMs;
    if (!this.#isAgentGone) this.#parts.tell({ t: 'tick', ...now });
  }

  #isDone({ monotonicMs }: LeaseInstant): boolean {
    const isBusy = [...this.#leases.values()].some(({ is }) => is !== 'over');
    // A pipe that somebody else holds open must not keep a guard for ever.
    const isForgotten = monotonicMs - this.#heardAtMs >= guardOrphanMsMax;
    return !isBusy && (this.#isAgentGone || isForgotten);
  }

  #step(mark: string, event: GuardedEvent): void {
    const before = this.#leases.get(mark);
    if (before === undefined) return;
    const moment = { nowMs: this.#parts.ports.clock.monotonicMs(), roll: 0 };
    const { state, effects } = stepGuarded(before, event, moment);
    this.#leases.set(mark, state);
    for (const effect of effects) this.#perform(mark, effect);
  }

  #perform(mark: string, effect: GuardedEffect): void {
    if (effect.do === 'forget') {
      this.#leases.delete(mark);
      return;
    }
    // Told first: an agent that only slept must know why its work ends before it sees that it does.
    this.#parts.tell({ t: 'ended', mark });
    void this.#parts.end(effect.row).then(() => {
      this.#step(mark, { type: 'ended' });
      this.#look();
    });
  }
}
