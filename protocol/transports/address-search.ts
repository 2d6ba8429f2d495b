/*
 * Which of a hub's addresses answer right now, in the order of their answers.
 *
 * A knock proves that some node listens there, not which one, and leaves nothing behind at the hub. It is repeated until the search ends, so that a hub that comes back
 * meanwhile is found within a second. Never rejects: what cannot be asked just gives no address.
 * Invariant: each address is knocked at once, and at most `dialCandidatesMax` of them.
 */
import type DHT from 'hyperdht';
import type { Session } from 'hyperdht';
import type { Timers } from '../ports.ts';
import { type Address, formatAddress, resolveAddress } from './address.ts';
import { type DoorWord, knock } from './knock.ts';
import { dialAddressesMax, dialCandidatesMax, lookupAfterMs } from './limits.ts';
import { onAbort, pause } from './pause.ts';
import { findHubAddresses } from './rendezvous.ts';

/** What to look for. */
export interface SearchPlan {
  readonly hubPublicKey: Uint8Array;
  /** The hash of that key. */
  readonly target: Uint8Array;
  readonly addresses: readonly Address[];
  readonly rendezvous: readonly Address[];
}

/** What a search works with. It ends with `signal`, at the latest. */
export interface SearchMeans {
  readonly node: DHT;
  readonly timers: Timers;
  readonly signal: AbortSignal;
}

/** An address that answered, and with what. */
export interface OpenAddress {
  readonly address: Address;
  readonly word: DoorWord | undefined;
}

/** A search for addresses that answer. */
export class AddressSearch {
  readonly #means: SearchMeans;
  readonly #plan: SearchPlan;
  readonly #session: Session;
  readonly #seen = new Set<string>();
  readonly #answered: OpenAddress[] = [];
  #runningCount = 0;
  #wake: () => void = () => undefined;

  constructor(means: SearchMeans, plan: SearchPlan) {
    this.#means = means;
    this.#plan = plan;
    this.#session = means.node.session();
  }

  start(): void {
    onAbort(this.#means.signal, () => {
      this.#session.destroy();
      this.#wake();
    });
    for (const address of this.#plan.addresses.slice(0, dialAddressesMax)) {
      this.#run(this.#resolveAndKnock(address));
    }
    if (this.#plan.rendezvous.length > 0) this.#run(this.#lookUp());
  }

  /** The next address that answered; undefined when no more can come. */
  async next(): Promise<OpenAddress | undefined> {
    while (!this.#means.signal.aborted) {
      const answered = this.#answered.shift();
      if (answered !== undefined || this.#runningCount === 0) return answered;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return undefined;
  }

  /** Counts a part of the search until it ends, well or not: a part that fails finds nothing. */
  #run(part: Promise<void>): void {
    this.#runningCount += 1;
    const end = (): void => {
      this.#runningCount -= 1;
      this.#wake();
    };
    part.then(end, end);
  }

  async #resolveAndKnock(address: Address): Promise<void> {
    const place = await resolveAddress(address);
    if (place) await this.#knock(place);
  }

  async #knock(address: Address): Promise<void> {
    if (this.#seen.has(formatAddress(address)) || this.#seen.size >= dialCandidatesMax) return;
    this.#seen.add(formatAddress(address));
    while (!this.#means.signal.aborted) {
      const plan = { address, target: this.#plan.target, session: this.#session };
      const answer = await knock(this.#means.node, plan);
      if (answer.kind === 'answered') this.#answered.push({ address, word: answer.word });
      if (answer.kind !== 'silent') return;
    }
  }

  async #lookUp(): Promise<void> {
    const delayMs = this.#plan.addresses.length > 0 ? lookupAfterMs : 0;
    await pause({ ...this.#means, delayMs });
    const places = this.#plan.rendezvous.slice(0, dialAddressesMax).map(resolveAddress);
    const rendezvous = (await Promise.all(places)).filter((place) => place !== undefined);
    if (this.#means.signal.aborted || this.#means.node.destroyed) return;
    const { hubPublicKey } = this.#plan;
    const query = { hubPublicKey, rendezvous, session: this.#session };
    for await (const address of findHubAddresses(this.#means.node, query)) {
      this.#run(this.#knock(address));
    }
  }
}
