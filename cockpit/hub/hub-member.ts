/*
 * One of several hubs that are looked into as one: its connection, made again whenever it is lost.
 *
 *   coming ──connected──▶ live ──lost──▶ gone ──pause, connected──▶ live
 *      └─────refused────────────────────▶ gone
 *
 * It waits for nobody and nobody waits for it: what is asked while there is no connection is refused.
 * Errors: HUB_UNREACHABLE.
 */
import { AppError, wrapError } from '../../protocol/errors.ts';
import { type Ports, sleep } from '../../protocol/ports.ts';
import type { HubClient } from './client.ts';
import type { HubWay } from './hub-way.ts';
import { memberPauseMs } from './limits.ts';

/** How one of the hubs is reached. */
export type MemberState =
  | { readonly is: 'coming' }
  | { readonly is: 'live'; readonly client: HubClient }
  | { readonly is: 'gone'; readonly reason: string };

/** Life cycle: `start` once, `stop` as often as wanted. */
export class HubMember {
  readonly way: HubWay;
  readonly #ports: Ports;
  readonly #changed: (member: HubMember) => void;
  #state: MemberState = { is: 'coming' };
  #isStopped = false;
  #settle: () => void = () => undefined;
  /** Resolves when the first try to reach it has ended, however it did. */
  readonly settled: Promise<void>;

  /** `changed` is told of every change of the state. */
  constructor(way: HubWay, ports: Ports, changed: (member: HubMember) => void) {
    this.way = way;
    this.#ports = ports;
    this.#changed = changed;
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get name(): string {
    return this.way.name;
  }

  get state(): MemberState {
    return this.#state;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#isStopped = true;
    this.#settle();
    if (this.#state.is === 'live') this.#state.client.close();
  }

  /** The connection, once the first try has ended. Errors: HUB_UNREACHABLE. */
  async getClient(): Promise<HubClient> {
    await this.settled;
    if (this.#state.is === 'live') return this.#state.client;
    const why = this.#state.is === 'gone' ? this.#state.reason : 'It is not connected yet.';
    throw new AppError('HUB_UNREACHABLE', `The hub "${this.name}" can’t be reached: ${why}`);
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const reason = await this.#live();
      if (this.#isStopped) return;
      this.#become({ is: 'gone', reason });
      await sleep(this.#ports.timers, memberPauseMs);
    }
  }

  /** Resolves with why there is no connection any more. */
  async #live(): Promise<string> {
    let client: HubClient;
    try {
      client = await this.way.connect();
    } catch (thrown) {
      return wrapError(thrown, 'HUB_UNREACHABLE').message;
    }
    if (this.#isStopped) {
      client.close();
      return 'stopped';
    }
    this.#become({ is: 'live', client });
    return client.closed;
  }

  #become(state: MemberState): void {
    this.#state = state;
    this.#settle();
    this.#changed(this);
  }
}
