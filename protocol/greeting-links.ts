/*
 * The links of one peer that are not its session's own yet: those that greet, and those that have greeted
 * and wait for our disk to take the store that they speak from.
 *
 * A peer that has greeted was heard, also where the disk keeps it waiting or refuses: the lease of its work
 * is not for our disk to end. Not so where it speaks from a store that was given up for a newer one (an old copy of its
 * box): that says nothing of the work that the newer one holds, which would stand for ever.
 */
import type { Connection } from './connection.ts';
import { AppError, wrapError } from './errors.ts';
import { givenUpStoresMax, greetingLinksMax } from './limits.ts';
import type { UnopenedLink } from './session-host.ts';
import { keepUnopened } from './unopened-links.ts';

/** Life cycle: `start` links as they come, `take` the one that the session goes on with, `drop` what ended. */
export class GreetingLinks {
  readonly #links = new Set<Connection>();
  /** Stores of the peer that were refused for good, the newest last. */
  #givenUp: readonly string[] = [];
  #heardAt: number | undefined;
  #unopened: readonly UnopenedLink[] = [];

  get size(): number {
    return this.#links.size;
  }

  /**
   * Monotonic instant at which the peer last said anything, on a link that greeted and is or was kept waiting or, at
   * `elsewhereAt`, on another; undefined if never.
   */
  findHeardAt(elsewhereAt: number | undefined): number | undefined {
    const times = [...this.#links].filter((link) => this.#counts(link)).map((link) => link.heardAt);
    const known = [this.#heardAt, elsewhereAt].filter((at) => at !== undefined);
    return times.length + known.length === 0 ? undefined : Math.max(...times, ...known);
  }

  /** The last that came and never opened, the oldest first; not those that another one replaced. */
  get unopened(): readonly UnopenedLink[] {
    return this.#unopened;
  }

  /** Says hello on it. Beyond so many the oldest is ended. */
  start(connection: Connection): void {
    this.#links.add(connection);
    connection.start();
    if (this.#links.size <= greetingLinksMax) return;
    const [oldest] = this.#links;
    oldest?.close('PEER_FLOOD');
  }

  /**
   * It is the session's now. What an older link still has to say is from before this one: news of then would be
   * taken for now's.
   */
  take(connection: Connection): void {
    for (const older of this.#links) {
      if (older === connection) break;
      older.close('replaced');
    }
    this.#links.delete(connection);
  }

  /** The store that it speaks from was not adopted; the owner was told why. The peer dials again. */
  turnAway(connection: Connection, thrown: unknown): void {
    const { greetedFrom } = connection;
    const isGivenUp = wrapError(thrown, 'STORE_IO').code === 'PEER_REGRESSED';
    if (!isGivenUp || greetedFrom === undefined) return connection.close('STORE_IO');
    const others = this.#givenUp.filter((store) => store !== greetedFrom);
    this.#givenUp = [...others, greetedFrom].slice(-givenUpStoresMax);
    connection.refuse(new AppError('PEER_REGRESSED'));
  }

  /** It has ended. `at`: monotonic; undefined where nobody is to be told of a link that did not open. */
  drop(connection: Connection, reason: string, at: number | undefined): void {
    this.#heardAt = this.findHeardAt(undefined);
    if (!this.#links.delete(connection) || at === undefined) return;
    this.#unopened = keepUnopened(this.#unopened, { at, reason });
  }

  stop(reason: string): void {
    for (const connection of [...this.#links]) connection.close(reason);
  }

  #counts({ greetedFrom }: Connection): boolean {
    return greetedFrom !== undefined && !this.#givenUp.includes(greetedFrom);
  }
}
