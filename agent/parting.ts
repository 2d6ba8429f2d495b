/*
 * How an agent comes away from its box or its version: holding new work back, what it owes, its last word.
 *
 * It decides nothing about attempts but those that somebody gives up by name. Invariant: what is held back
 * waits in the store, and starts once nobody holds.
 */
import type { Owed } from '../protocol/box-frames.ts';
import { AppError } from '../protocol/errors.ts';
import type { HelloFrame, OwnerFrame } from '../protocol/frames.ts';
import type { AttemptId } from '../protocol/model.ts';
import type { AgentParts } from './agent-parts.ts';
import type { Desk } from './desk.ts';
import { Drain } from './drain.ts';
import { Farewell } from './farewell.ts';
import type { Leavings } from './leavings.ts';
import { listOwed } from './owed.ts';
import type { Terminals } from './terminals.ts';

/** What it looks at, and whom it tells. */
export interface PartingParts extends Pick<AgentParts, 'ports' | 'noticed' | 'installed'> {
  readonly desk: Desk;
  readonly terminals: Terminals;
  readonly leavings: Leavings;
  readonly send: (frame: OwnerFrame) => 'sent' | 'full' | 'closed';
  /** Work may start again. */
  readonly resumed: () => void;
}

/** Life cycle: that of its agent; `changed` whenever something may have. */
export class Parting {
  readonly drain: Drain;
  readonly #parts: PartingParts;
  readonly #farewell: Farewell;

  constructor(parts: PartingParts) {
    const { desk, terminals, send, ports } = parts;
    this.#parts = parts;
    this.#farewell = new Farewell(ports.timers, send);
    this.drain = new Drain({
      ...parts,
      count: () => ({ ...desk.counts, terminals: terminals.count }),
    });
  }

  /** What a hello says of it. */
  describe(): Pick<HelloFrame, 'build' | 'draining' | 'upgrade'> {
    const { build, upgrade } = this.#parts.installed;
    const { why } = this.drain;
    return {
      ...(build === undefined ? {} : { build }),
      ...(upgrade === undefined ? {} : { upgrade }),
      ...(why === null ? {} : { draining: why }),
    };
  }

  /** What would be lost if the agent went now. */
  get owed(): readonly Owed[] {
    const { desk, leavings } = this.#parts;
    const acked = desk.streams?.counts.acked ?? 0;
    const owesArtifacts = (attempt: AttemptId) => leavings.owesArtifacts(attempt);
    return listOwed({ held: desk.list(), acked, owesArtifacts });
  }

  /** Why no new work is taken at all: it would only wait for an agent that goes. */
  findRefusal(): AppError | undefined {
    return this.drain.why === 'leave' ? new AppError('AGENT_LEAVING') : undefined;
  }

  /** Ends these attempts, running or waiting; resolves once that is on disk. */
  async giveUp(attempts: readonly AttemptId[]): Promise<void> {
    const { desk, ports } = this.#parts;
    const at = Math.round(ports.clock.wallMs());
    const end = { type: 'end', at, cause: 'agent-stop' } as const;
    await Promise.all(attempts.map((attempt) => desk.step(attempt, end)));
  }

  /** Tells the hub that this box leaves; resolves with whether it took that. */
  bye(reason: string): Promise<boolean> {
    return this.#farewell.say(reason);
  }

  take(frame: OwnerFrame): void {
    const { installed, send } = this.#parts;
    if (frame.t === 'bye') this.#farewell.heard();
    else if (frame.t === 'leave-ask') void installed.askedToLeave(frame, { parting: this, send });
  }

  changed(): void {
    this.drain.changed();
  }

  unlinked(): void {
    this.#farewell.closed();
  }
}
