/*
 * Values that the asker of an open call gives it: kept in order until each was taken.
 *
 * It owns those that were given and not taken yet. They wait until somebody takes them, one at a
 * time; a value keeps its place until its taker has resolved, so the room bounds what is in memory.
 */

/** Values of the asker that may be under way to one call; the same as for items the other way. */
export const givesUnderWayMax = 64;

/** Bytes of one given value as JSON: what a call that takes none can be made to hold is 4 MiB. */
export const giveBytesMax = 64 * 1024;

/** Takes one given value; the next comes when it has resolved. An error fails the call. */
export type TakeGiven = (value: unknown) => void | Promise<void>;

/** Who is told. */
export interface GivenValuesOwner {
  /** One was taken: there is room for another. */
  taken(): void;
  /** The taker threw. */
  failed(error: unknown): void;
}

/** Life cycle: `put` and `takeBy` in any order; `stop` drops what waits. */
export class GivenValues {
  readonly #owner: GivenValuesOwner;
  readonly #waiting: unknown[] = [];
  #take: TakeGiven | undefined;
  #isTaking = false;

  constructor(owner: GivenValuesOwner) {
    this.#owner = owner;
  }

  get hasRoom(): boolean {
    return this.#waiting.length < givesUnderWayMax;
  }

  put(value: unknown): void {
    this.#waiting.push(value);
    void this.#handOver();
  }

  takeBy(take: TakeGiven): void {
    this.#take = take;
    void this.#handOver();
  }

  stop(): void {
    this.#waiting.length = 0;
  }

  async #handOver(): Promise<void> {
    if (this.#isTaking || this.#take === undefined) return;
    this.#isTaking = true;
    try {
      while (this.#waiting.length > 0) {
        await this.#take(this.#waiting[0]);
        this.#waiting.shift();
        this.#owner.taken();
      }
    } catch (thrown) {
      this.stop();
      this.#owner.failed(thrown);
    } finally {
      this.#isTaking = false;
    }
  }
}
