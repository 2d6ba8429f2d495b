/*
 * Jobs under way, by id: who waits for the outcome of which.
 *
 * An outcome may come before the queueing of its job has been answered, so a job is waited for
 * before it is sent.
 */

/** Gives out ids and resolves those whose outcome came. */
export class WaitingJobs {
  readonly #resolves = new Map<string, () => void>();
  #count = 0;

  /** A new id, and a promise of its outcome. */
  begin(): { readonly id: string; readonly outcome: Promise<void> } {
    this.#count += 1;
    const id = `job-${this.#count}`;
    const outcome = new Promise<void>((resolve) => this.#resolves.set(id, resolve));
    return { id, outcome };
  }

  /** An outcome came; a second time is ignored. */
  end(id: string): void {
    this.#resolves.get(id)?.();
    this.#resolves.delete(id);
  }
}
