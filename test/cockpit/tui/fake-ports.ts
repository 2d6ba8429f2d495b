/*
 * A clock and timers that stand still until a test moves them.
 *
 * How many timers wait can be asked, so that a test can show that none is left.
 */
import type { Ports } from '../../../protocol/ports.ts';
import { fakeStartMs } from './fake-hub.ts';

interface Pending {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Ports whose time only `advance` moves; timers run in order of their time. */
export class FakePorts implements Ports {
  nowMs = 0;
  readonly soon = queueMicrotask;
  readonly #pending = new Set<Pending>();
  readonly clock = {
    monotonicMs: () => this.nowMs,
    uptimeMs: () => this.nowMs,
    wallMs: () => fakeStartMs + this.nowMs,
  };
  readonly random = { bytes: (count: number) => new Uint8Array(count), fraction: () => 0.5 };
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

  advance(ms: number): void {
    const end = this.nowMs + ms;
    for (let next = this.#due(end); next !== undefined; next = this.#due(end)) {
      this.#pending.delete(next);
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      next.run();
    }
    this.nowMs = end;
  }

  #due(end: number): Pending | undefined {
    const due = [...this.#pending].filter((timer) => timer.dueMs <= end);
    return due.sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}
