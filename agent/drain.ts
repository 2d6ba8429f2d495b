/*
 * Taking no new work for a while: held by whoever waits for the box to become idle, and only as long as they do.
 *
 * What runs goes on to its end, terminals too; what is accepted waits in the store. A hold belongs to a
 * connection, so a program that asked for it and died gives the box back to its work. Invariant: while anything
 * holds, nothing new starts.
 */
import type { OwnerFrame } from '../protocol/frames.ts';

/** Why nothing new starts. */
export type DrainReason = 'upgrade' | 'leave';

/** How far it is. */
export interface DrainState {
  readonly why: DrainReason | null;
  readonly running: number;
  readonly terminals: number;
  /** Accepted, and started only after this. */
  readonly waiting: number;
}

/** What it looks at, and whom it tells. */
export interface DrainParts {
  readonly count: () => Omit<DrainState, 'why'>;
  readonly send: (frame: OwnerFrame) => unknown;
  /** Work may start again. */
  readonly resumed: () => void;
  readonly noticed: (line: string) => void;
}

interface Hold {
  readonly why: DrainReason;
  readonly told: (state: DrainState) => void;
  last: string;
}

/** Life cycle: it lives as long as its agent; `changed` whenever what it counts may have. */
export class Drain {
  readonly #parts: DrainParts;
  readonly #holds = new Set<Hold>();

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  /** Why nothing new starts now; null where it does. */
  get why(): DrainReason | null {
    return this.#holds.values().next().value?.why ?? null;
  }

  get state(): DrainState {
    return { why: this.why, ...this.#parts.count() };
  }

  /** Holds new work back until the result is called; `told` hears of the state now and at each change. */
  hold(why: DrainReason, told: (state: DrainState) => void): () => void {
    const hold: Hold = { why, told, last: '' };
    const before = this.why;
    this.#holds.add(hold);
    if (before === null) this.#tell(`nothing new starts: ${why}`);
    this.changed();
    return () => {
      if (!this.#holds.delete(hold) || this.why !== null) return;
      this.#tell('work starts again');
      this.#parts.resumed();
    };
  }

  changed(): void {
    if (this.#holds.size === 0) return;
    const { state } = this;
    const text = JSON.stringify(state);
    for (const hold of this.#holds) {
      if (hold.last === text) continue;
      hold.last = text;
      hold.told(state);
    }
  }

  #tell(line: string): void {
    this.#parts.noticed(line);
    this.#parts.send({ t: 'draining', why: this.why });
  }
}
