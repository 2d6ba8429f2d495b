/*
 * One program that speaks with a hub for a whole run, whatever happens to the hub meanwhile.
 *
 * It holds one connection to the control socket and makes a new one whenever that ends. Everything
 * asked through it may be asked twice: looking, and dispatching under a key. So whatever was cut
 * off by a killed hub is simply asked again. Life cycle: made, then `close`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WatchItem } from '../../../cockpit/verbs/shapes.ts';
import { ControlClient } from '../../../protocol/control-client.ts';
import { AppError } from '../../../protocol/errors.ts';
import { dialUnix } from '../../../protocol/transports/unix.ts';

/** The hub may be away for so long. */
const patienceMs = 180_000;

/** Between two tries to reach it. */
const pauseMs = 100;

/** What may be different at the next try: the hub is away, its disk is full, too much waits. */
const passing =
  /^(HUB_UNREACHABLE|HUB_INTERNAL|HUB_STOPPING|STORE_\w+|DISK_\w+|QUEUE_FULL|WORKER_NO_MATCH)$/;

/** A connection that heals. */
export class Voice {
  readonly #socket: string;
  #client: Promise<ControlClient> | undefined;
  #isClosed = false;
  /** Calls that had to be asked again. */
  repeatedCount = 0;

  constructor(socket: string) {
    this.#socket = socket;
  }

  /** Asks until it is answered. Errors: the verb's own refusal; throws after too long a silence. */
  async ask<Answer>(verb: string, args: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    return (await this.#keepAsking((client) => client.call(verb, args))) as Answer;
  }

  /** Asks and hears every item. What was heard of a try that was cut off is forgotten. */
  async list<Item>(
    verb: string,
    args: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly items: readonly Item[]; readonly answer: unknown }> {
    let items: Item[] = [];
    const answer = await this.#keepAsking((client) => {
      const heard: Item[] = [];
      items = heard;
      return client.stream(verb, args, (item) => void heard.push(item as Item)).done;
    });
    return { items, answer };
  }

  /** Asks and hands over every item; never asked again. Errors: HUB_UNREACHABLE when cut off. */
  async stream<Item>(
    verb: string,
    args: Readonly<Record<string, unknown>>,
    take: (item: Item) => void,
  ): Promise<unknown> {
    const client = await this.#connect();
    return client.stream(verb, args, (item) => take(item as Item)).done;
  }

  /** Asks once, without patience. Errors: HUB_UNREACHABLE and the verb's own. */
  async askOnce<Answer>(verb: string, args: Readonly<Record<string, unknown>> = {}) {
    return (await (await this.#connect()).call(verb, args)) as Answer;
  }

  /** Hears what the hub tells its screens, again from the start after every reconnect, until it is stopped. */
  watch(take: (item: WatchItem) => void): () => void {
    let isOver = false;
    let cancel = () => {};
    const follow = (client: ControlClient) => {
      if (isOver) return Promise.resolve();
      const stream = client.stream('watch', {}, (item) => take(item as WatchItem));
      cancel = stream.cancel;
      return stream.done;
    };
    this.#keepAsking(follow, Number.POSITIVE_INFINITY).catch(() => undefined);
    return () => {
      isOver = true;
      cancel();
    };
  }

  close(): void {
    this.#isClosed = true;
    void this.#client?.then((client) => client.close()).catch(() => undefined);
  }

  async #keepAsking(
    ask: (client: ControlClient) => Promise<unknown>,
    forMs = patienceMs,
  ): Promise<unknown> {
    const giveUpAt = performance.now() + forMs;
    for (;;) {
      try {
        return await ask(await this.#connect());
      } catch (thrown) {
        const isPassing = thrown instanceof AppError && passing.test(thrown.code);
        if (!isPassing || this.#isClosed || performance.now() > giveUpAt) throw thrown;
        this.repeatedCount += 1;
        await sleep(pauseMs);
      }
    }
  }

  #connect(): Promise<ControlClient> {
    if (this.#client !== undefined) return this.#client;
    const opening = dialUnix(this.#socket).then((link) => {
      const client = new ControlClient(link, 'HUB_UNREACHABLE');
      void client.closed.then(() => this.#forget(opening));
      return client;
    });
    this.#client = opening;
    opening.catch(() => this.#forget(opening));
    return opening;
  }

  #forget(client: Promise<ControlClient>): void {
    if (this.#client === client) this.#client = undefined;
  }
}
