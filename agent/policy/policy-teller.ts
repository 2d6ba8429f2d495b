/*
 * Tells the hub what this box's policy says: when a link opens, and when the file has changed.
 *
 * Ephemeral: what is lost is told again with the next link. A hub that does not know the frame loses
 * nothing by it, for the box enforces its policy itself.
 */
import type { OwnerFrame } from '../../protocol/frames.ts';
import type { PolicySummary } from './describe.ts';
import type { Policies } from './policies.ts';
import type { PolicyState } from './policy.ts';

/** What it needs. */
export interface PolicyTellerParts {
  readonly policies: Policies;
  readonly send: (frame: OwnerFrame) => unknown;
}

/** Life cycle: `linked` at each opening; `look` now and then. */
export class PolicyTeller {
  readonly #parts: PolicyTellerParts;
  #told: PolicyState | undefined;

  constructor(parts: PolicyTellerParts) {
    this.#parts = parts;
  }

  linked(): void {
    this.#told = undefined;
    this.look();
  }

  /** Tells what holds now where that was not told on this link. */
  look(): void {
    const { policies, send } = this.#parts;
    const { state } = policies.rules;
    if (state === this.#told) return;
    this.#told = state;
    const { is, lines }: PolicySummary = policies.summary;
    send({ t: 'policy', is, lines: [...lines] });
  }
}
