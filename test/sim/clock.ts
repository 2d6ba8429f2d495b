/*
 * Virtual time: a heap of events, each run with nothing else under way.
 *
 * Between two events all promises that can settle have settled, so a step is as atomic as a turn of
 * Node's event loop and the order of everything follows from the times and the order of the calls.
 * The real clock is never read. Invariant: time never steps back.
 */
import type { CancelTimer } from '../../protocol/ports.ts';

interface Event {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** The clock of one simulated world. */
export class SimClock {
  #nowMs = 0;
  #order = 0;
  #eventCount = 0;
  readonly #heap: Event[] = [];

  /** Milliseconds since the run began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events run so far. */
  get eventCount(): number {
    return this.#eventCount;
  }

  after(delayMs: number, run: () => void): CancelTimer {
    return this.at(this.#nowMs + delayMs, run);
  }

  /** At this instant of the run, or now when that has passed. */
  at(instantMs: number, run: () => void): CancelTimer {
    this.#order += 1;
    const event: Event = { at: Math.max(this.#nowMs, instantMs), order: this.#order, run };
    this.#push(event);
    return () => {
      event.run = undefined;
    };
  }

  /**
   * Runs the next event and lets every promise settle; false when no event is left. Only in a turn
   * of its own (`takeTurn`): from within a promise job, nothing settles.
   */
  step(): boolean {
    for (let event = this.#pop(); event !== undefined; event = this.#pop()) {
      const { run } = event;
      if (run === undefined) continue;
      event.run = undefined;
      this.#nowMs = event.at;
      this.#eventCount += 1;
      run();
      settlePromises();
      return true;
    }
    return false;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(event, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const moved = heap.pop();
    if (moved === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const right = heap[child + 1];
      let next = heap[child];
      if (next === undefined) break;
      if (right !== undefined && isBefore(right, next)) {
        child += 1;
        next = right;
      }
      if (!isBefore(next, moved)) break;
      heap[at] = next;
      at = child;
    }
    heap[at] = moved;
    return first;
  }
}

/** Calls in a turn of the real event loop of its own, after all that can settle before it has. */
export function takeTurn(act: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        act();
        resolve();
      } catch (error) {
        reject(error);
      }
    });
  });
}

/**
 * Runs promise jobs until none is left, as Node itself does after each callback, and reports the
 * rejections that nobody handles. A turn of the event loop for every event took a fifth of a run.
 */
function settlePromises(): void {
  (process as unknown as { readonly _tickCallback: () => void })._tickCallback();
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
