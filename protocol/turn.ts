/*
 * Things that come one by one in a turn of the loop and are taken together at its end.
 *
 * The end is a microtask after the first of them, so everything that was ready with it is in time:
 * the commits that one batch resolves, for one. It holds nothing beyond the turn.
 */

/** Life cycle: `add`, taken by itself; `flush` where it must be before something else. */
export class Turn<T> {
  readonly #take: (items: readonly T[]) => void;
  #items: T[] = [];

  /** `take` gets what came, in order; never nothing. */
  constructor(take: (items: readonly T[]) => void) {
    this.#take = take;
  }

  add(items: readonly T[]): void {
    if (this.#items.length === 0 && items.length > 0) queueMicrotask(() => this.flush());
    for (const item of items) this.#items.push(item);
  }

  flush(): void {
    const items = this.#items;
    this.#items = [];
    if (items.length > 0) this.#take(items);
  }
}
