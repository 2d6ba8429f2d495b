/*
 * One start of a simulated process: its ports, and whether it may act at all.
 *
 * Everything that comes to a process from outside (timers, disk, network) passes `run`. A paused
 * process does all of it later, in order; a dead one never. So an abandoned object can't do
 * anything any more, whatever it still holds. Its clocks may be fast, slow or wrong.
 */
import type { Ports } from '../../protocol/ports.ts';
import type { Chance } from './chance.ts';
import type { SimClock } from './clock.ts';

/** Wall time at the beginning of a run: some day. */
export const epochMs = 1_800_000_000_000;

/** How a box measures time: seconds a second, and how far its wall clock is ahead of the true one. */
export interface Skew {
  readonly rate: number;
  /** Steps when somebody sets the clock. */
  wallAheadMs: number;
}

/** What an incarnation is made from. */
export interface IncarnationParts {
  readonly name: string;
  readonly clock: SimClock;
  readonly chance: Chance;
  readonly skew: Skew;
}

/** Life cycle: runs from the start; `pause` and `resume`; `die` ends it for good. */
export class Incarnation {
  readonly name: string;
  readonly ports: Ports;
  readonly #clock: SimClock;
  readonly #backlog: (() => void)[] = [];
  #state: 'running' | 'paused' | 'dead' = 'running';

  constructor({ name, clock, chance, skew }: IncarnationParts) {
    this.name = name;
    this.#clock = clock;
    const bootedAt = clock.nowMs - chance.between(0, 1e6);
    this.ports = {
      soon: (run) => void clock.after(0, () => this.run(run)),
      clock: {
        monotonicMs: () => (clock.nowMs - bootedAt) * skew.rate,
        uptimeMs: () => clock.nowMs * skew.rate,
        wallMs: () => epochMs + skew.wallAheadMs + clock.nowMs * skew.rate,
      },
      timers: { after: (delayMs, run) => this.#after(roundUp(delayMs) / skew.rate, run) },
      random: { fraction: chance.fraction, bytes: chance.bytes },
    };
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  get isPaused(): boolean {
    return this.#state === 'paused';
  }

  /** Acts now, after the pause, or never. */
  run(act: () => void): void {
    if (this.#state === 'running') act();
    else if (this.#state === 'paused') this.#backlog.push(act);
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  /** What came meanwhile is done now, one event after the other. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    for (const act of this.#backlog.splice(0)) this.#clock.after(0, () => this.run(act));
  }

  die(): void {
    this.#state = 'dead';
    this.#backlog.length = 0;
  }

  #after(delayMs: number, run: () => void): () => void {
    let isCancelled = false;
    const cancel = this.#clock.after(delayMs, () =>
      this.run(() => {
        if (!isCancelled) run();
      }),
    );
    return () => {
      isCancelled = true;
      cancel();
    };
  }
}

/** Timers count whole milliseconds, one at least, and a rounding error must not make them early. */
function roundUp(delayMs: number): number {
  return Math.max(1, Math.ceil(delayMs)) + 1e-6;
}
