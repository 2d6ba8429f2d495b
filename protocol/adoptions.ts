/*
 * The peer speaks from another store than before: its owner settles what the old one held, once.
 *
 * Several links may bring the same news, and the disk may be waited for, while the peer's store is
 * replaced again. So stores are adopted one at a time, in the order in which they were heard of: a host
 * that was done with the older one last would go back to a store that is no more. Invariant: each
 * store that is adopted is the newest that was heard of once its turn is over, or its link is told so.
 */
import type { StreamMarks } from './session-host.ts';

interface Adoption {
  readonly store: string;
  readonly marks: Promise<StreamMarks>;
}

/** All that one session adopts. */
export class Adoptions {
  readonly #host: (store: string) => Promise<StreamMarks>;
  #newest: Adoption | undefined;

  constructor(host: (store: string) => Promise<StreamMarks>) {
    this.#host = host;
  }

  /**
   * Where the streams with this store stand, once it is adopted; undefined where a newer store was
   * heard of meanwhile. Errors: the host's.
   */
  async adopt(store: string): Promise<StreamMarks | undefined> {
    const adoption = this.#begin(store);
    this.#newest = adoption;
    try {
      const marks = await adoption.marks;
      return this.#newest === undefined || this.#newest === adoption ? marks : undefined;
    } finally {
      // Only its own: another link with the news of a newer one must find that.
      if (this.#newest === adoption) this.#newest = undefined;
    }
  }

  #begin(store: string): Adoption {
    const before = this.#newest;
    // To settle the old streams twice would lose new work.
    if (before?.store === store) return before;
    const adopt = () => this.#host(store);
    return { store, marks: before === undefined ? adopt() : before.marks.then(adopt, adopt) };
  }
}
