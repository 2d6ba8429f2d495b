/*
 * Ended attempts that printed nothing, whose report is on its way: once the hub has that, nothing is owed.
 *
 * In the order of the reports, so that an acknowledgement looks at those alone that it is about. It decides nothing.
 */
import type { AttemptId } from '../protocol/model.ts';
import type { HeldAttempt } from './attempts.ts';

interface SilentEnd {
  readonly attempt: AttemptId;
  readonly finishedSeq: number;
}

/** Life cycle: `note` as reports are made, `take` as they are acknowledged. */
export class SilentEnds {
  readonly #ends: SilentEnd[] = [];

  /** Begins with those that the store holds. */
  constructor(held: readonly HeldAttempt[]) {
    for (const one of held) this.note(one);
    this.#ends.sort((a, b) => a.finishedSeq - b.finishedSeq);
  }

  /** It has a report; what printed something is not for here. */
  note({ attempt, finishedSeq, logBytes }: HeldAttempt): void {
    if (finishedSeq !== undefined && logBytes === 0) this.#ends.push({ attempt, finishedSeq });
  }

  /** Those whose reports the hub has, all up to here. */
  take(acked: number): readonly AttemptId[] {
    const kept = this.#ends.findIndex(({ finishedSeq }) => finishedSeq > acked);
    const taken = this.#ends.splice(0, kept < 0 ? this.#ends.length : kept);
    return taken.map(({ attempt }) => attempt);
  }

  clear(): void {
    this.#ends.length = 0;
  }
}
