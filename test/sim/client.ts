/*
 * One client program of the M2's: `wally VERB` or a screen, in a process of its own.
 *
 * It speaks to the hub by the product's own control protocol and may be killed at any time, with
 * calls open. Nothing waits for it: what it was told is what it wrote down before.
 */
import { ControlClient, type ControlStream, type TakeItem } from '../../protocol/control-client.ts';
import type { Chance } from './chance.ts';
import type { Ground } from './ground.ts';
import { Incarnation } from './incarnation.ts';

/** Life cycle: `open`, then calls; `die` or `close` ends it. */
export class Client {
  readonly owner: Incarnation;
  readonly #ground: Ground;
  readonly #chance: Chance;
  #control: ControlClient | undefined;
  #isConnected = false;

  constructor(ground: Ground, name: string, chance: Chance) {
    const { clock } = ground;
    this.#ground = ground;
    this.#chance = chance.fork();
    const skew = { rate: 1, wallAheadMs: 0 };
    this.owner = new Incarnation({ name, clock, chance: chance.fork(), skew });
  }

  /** Is its connection with the hub up? */
  get isConnected(): boolean {
    return this.#isConnected && !this.owner.isDead;
  }

  /** Connects with the hub. Errors: HUB_UNREACHABLE. */
  async open(): Promise<void> {
    const link = await this.#ground.sockets.connect(this.owner, this.#chance);
    const control = new ControlClient(link, 'HUB_UNREACHABLE');
    this.#control = control;
    this.#isConnected = true;
    void control.closed.then(() => {
      if (this.#control === control) this.#isConnected = false;
    });
  }

  /** Runs a verb. Errors: the verb's, HUB_UNREACHABLE. */
  async ask(verb: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    this.#ground.history.count(`verb ${verb}`);
    return this.#get().call(verb, args);
  }

  /** Runs a verb that streams. */
  stream(verb: string, args: Readonly<Record<string, unknown>>, take: TakeItem): ControlStream {
    this.#ground.history.count(`verb ${verb}`);
    return this.#get().stream(verb, args, take);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.owner.ports.timers.after(ms, resolve);
    });
  }

  close(): void {
    this.#control?.close();
  }

  /** It is killed. */
  die(): void {
    this.owner.die();
    this.#ground.sockets.kill(this.owner);
  }

  #get(): ControlClient {
    if (this.#control === undefined) throw new Error('a client is opened first');
    return this.#control;
  }
}
