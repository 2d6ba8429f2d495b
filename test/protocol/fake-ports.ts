/*
 * A clock, timers and chance that only a test moves.
 *
 * The two clocks are apart, so that a test can step the wall clock alone. `advance` runs timers in
 * the order of their time and lets every promise settle between two of them.
 */
import type { Ports } from '../../protocol/ports.ts';

interface Pending {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Ports under the test's hand. Bytes differ from call to call, and are the same in every run. */
export class FakePorts implements Ports {
  nowMs = 1000;
  wallStartMs = 1_800_000_000_000;
  roll = 0.5;
  readonly soon = queueMicrotask;
  readonly #pending = new Set<Pending>();
  #drawCount = 0;
  readonly clock = {
    monotonicMs: () => this.nowMs,
    uptimeMs: () => this.nowMs,
    wallMs: () => this.wallStartMs + this.nowMs,
  };
  readonly random = {
    fraction: () => this.roll,
    bytes: (count: number) => {
      this.#drawCount += 1;
      const seed = this.#drawCount;
      return Uint8Array.from(
        { length: count },
        (_, index) => (seed * 31 + index * 7 + (seed >> 3)) % 256,
      );
    },
  };
  readonly timers = {
    after: (delayMs: number, run: () => void) => {
      const timer = { dueMs: this.nowMs + delayMs, run };
      this.#pending.add(timer);
      return () => {
        this.#pending.delete(timer);
      };
    },
  };

  get timerCount(): number {
    return this.#pending.size;
  }

  async advance(ms: number): Promise<void> {
    const end = this.nowMs + ms;
    await settle();
    for (let next = this.#findDue(end); next !== undefined; next = this.#findDue(end)) {
      this.#pending.delete(next);
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      next.run();
      await settle();
    }
    this.nowMs = end;
  }

  #findDue(end: number): Pending | undefined {
    const due = [...this.#pending].filter((timer) => timer.dueMs <= end);
    return due.sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}

/** Lets every promise that can settle do so: one turn of the event loop. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
