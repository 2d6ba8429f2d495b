/*
 * The hub of a question that may be asked twice: where the connection ends it is made anew, and the question
 * asked again.
 *
 * A hub that is started again is back within seconds, and whoever waits for a job need not care. It is looked
 * for so long and no longer, and that is said. What changes something must never be asked through it: nobody
 * knows whether it happened. Errors: the question's; HUB_UNREACHABLE for a hub that stays away.
 */
import { AppError } from '../../protocol/errors.ts';
import { type Ports, sleep } from '../../protocol/ports.ts';
import type { HubClient } from '../hub/client.ts';

/** A hub that was killed or restarted is back sooner; a script should hear soon of one that is not. */
export const awayMsMax = 10_000;

/** Between two looks for it. */
const lookMs = 250;

/** What it is made from. */
export interface SteadyParts {
  readonly client: HubClient;
  /** Makes a connection anew. Errors: HUB_UNREACHABLE. */
  readonly reach: () => Promise<HubClient>;
  readonly ports: Pick<Ports, 'clock' | 'timers'>;
  readonly say: (line: string) => void;
}

/** Life cycle: made with a connection, `close` ends the one there is. */
export class SteadyHub {
  readonly #parts: SteadyParts;
  #client: HubClient;
  /** Monotonic: what is lost so soon after it came back is still the same loss. */
  #backAt = Number.NEGATIVE_INFINITY;
  #giveUpAt = 0;
  #coming: Promise<void> | undefined;
  #isClosed = false;

  constructor(parts: SteadyParts) {
    this.#parts = parts;
    this.#client = parts.client;
  }

  /** The connection of now. */
  get client(): HubClient {
    return this.#client;
  }

  /** Asks until there is an answer, or no hub for too long. */
  async ask<Answer>(question: (client: HubClient) => Promise<Answer>): Promise<Answer> {
    while (true) {
      const client = this.#client;
      try {
        return await question(client);
      } catch (thrown) {
        // Who closed it lost nothing.
        if (!isHubLost(thrown) || this.#isClosed) throw thrown;
        await this.#comeBack(client, thrown);
      }
    }
  }

  /** Ends the connection. Safe to repeat. */
  close(): void {
    this.#isClosed = true;
    this.#client.close();
  }

  /** Several questions that lost one connection wait for one other. */
  async #comeBack(lost: HubClient, loss: AppError): Promise<void> {
    if (this.#coming === undefined && lost !== this.#client) return;
    this.#coming ??= this.#reachAgain(loss).finally(() => {
      this.#coming = undefined;
    });
    await this.#coming;
  }

  async #reachAgain(loss: AppError): Promise<void> {
    const { ports, reach, say } = this.#parts;
    const { clock, timers } = ports;
    const lostAt = clock.monotonicMs();
    if (lostAt - this.#backAt > awayMsMax) {
      this.#giveUpAt = lostAt + awayMsMax;
      say(
        `wally: The hub is gone. Work goes on; it is looked for again for ${awayMsMax / 1000} s.`,
      );
    }
    while (!this.#isClosed && clock.monotonicMs() < this.#giveUpAt) {
      await sleep(timers, lookMs);
      const client = await reach().catch(keepLost);
      if (client === undefined) continue;
      if (client !== this.#client) this.#client.close();
      this.#client = client;
      this.#backAt = clock.monotonicMs();
      if (this.#isClosed) client.close();
      return;
    }
    throw loss;
  }
}

/** Did it fail because there is no hub any more? One that stops says so where it can. */
export function isHubLost(thrown: unknown): thrown is AppError {
  if (!(thrown instanceof AppError)) return false;
  return thrown.code === 'HUB_UNREACHABLE' || thrown.code === 'HUB_STOPPING';
}

function keepLost(thrown: unknown): undefined {
  if (isHubLost(thrown)) return undefined;
  throw thrown;
}
