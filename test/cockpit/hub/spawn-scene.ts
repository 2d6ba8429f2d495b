/*
 * A whole hub with a provider in the test's hand: boxes that are made pair and link as real ones do.
 *
 * What the provider has, and what fails there, is the test's to say; time passes a second at a time.
 */
import { expect } from 'vitest';
import type { BoxOrder, EnterOrder, Maker, OwnBox } from '../../../cockpit/fleet/spawn/maker.ts';
import { readProviders } from '../../../cockpit/fleet/spawn/provider.ts';
import type { SpawnOrder } from '../../../cockpit/hub/spawn-desk.ts';
import type { Decision } from '../../../cockpit/manager/decision.ts';
import type { FoundBox, FoundState } from '../../../cockpit/manager/spawn-box.ts';
import type { SpawnRecord } from '../../../cockpit/manager/spawn-state.ts';
import type { BoxPlan, BoxRow } from '../../../cockpit/verbs/box-shapes.ts';
import { releaseVerb } from '../../../cockpit/verbs/release.ts';
import type { VerbContext } from '../../../cockpit/verbs/verb.ts';
import type { AppError } from '../../../protocol/errors.ts';
import { parseInvite } from '../../../protocol/invite.ts';
import { askToPair } from '../../../protocol/pairing.ts';
import type { RawPeer } from '../../protocol/raw-peer.ts';
import { type HubInHand, openHubInHand } from './hub-in-hand.ts';

/** One minute. */
export const minute = 60_000;

/** A provider that has what the test lets it have. */
export class Cloud implements Maker {
  readonly boxes = new Map<string, FoundBox>();
  readonly calls: string[] = [];
  /** Agents on boxes, by the name of the box. */
  readonly peers = new Map<string, RawPeer>();
  fault: Partial<Record<'up' | 'list' | 'down' | 'enter' | 'leave', AppError>> = {};
  /** What `up` waits for. */
  gate: Promise<void> = Promise.resolve();
  state: FoundState = 'ready';
  isKept = false;
  #count = 0;
  hand!: HubInHand;

  async up({ name, tag }: BoxOrder): Promise<void> {
    this.calls.push(`up ${name}`);
    await this.gate;
    this.#fail('up');
    this.make(tag);
  }

  make(tag: string): void {
    this.#count += 1;
    this.boxes.set(tag, { id: `i-${this.#count}`, tag, state: this.state });
  }

  async list(): Promise<readonly FoundBox[]> {
    this.#fail('list');
    return [...this.boxes.values()];
  }

  async down({ name, tag }: OwnBox): Promise<void> {
    this.calls.push(`down ${name}`);
    this.#fail('down');
    if (!this.isKept) this.boxes.delete(tag);
  }

  async enter({ box, invite }: EnterOrder): Promise<string> {
    this.calls.push(`enter ${box.name}`);
    this.#fail('enter');
    const { hand } = this;
    const key = Buffer.from(box.name.padEnd(32)).toString('hex').slice(0, 64);
    const known = hand.hub.workers.find(key);
    if (known === undefined) {
      const link = hand.link(parseInvite(await invite()).oneTimeKey);
      await askToPair(link, { key, host: box.id }, hand.ports.timers);
    }
    this.peers.set(box.name, await hand.join(key));
    return key;
  }

  async leave({ name }: OwnBox): Promise<void> {
    this.calls.push(`leave ${name}`);
    this.#fail('leave');
  }

  describe = () => [];

  #fail(what: keyof Cloud['fault']): void {
    const error = this.fault[what];
    if (error !== undefined) throw error;
  }
}

/** What its config says; none of its commands is ever run. */
export const cloudTable = {
  up: { command: ['x'] },
  list: { command: ['x'], id: 'id', tag: 'tag' },
  down: { command: ['x'] },
  enter: { via: 'ssh', target: 'x' },
  ...{ max: 3, look: '1s', watch: '30s', settle: '10s' },
};

/** The hub, its one provider, and what is asked of them. */
export class SpawnScene {
  readonly cloud = new Cloud();
  hand!: HubInHand;

  /** Starts the hub; with the disk of an earlier one it is the same hub again. */
  async open(over: Record<string, unknown> = {}, disk?: HubInHand['disk']): Promise<void> {
    const provider = readProviders({ cloud: { ...cloudTable, ...over } }).get('cloud');
    if (provider === undefined) throw new Error('there is no such provider');
    const sources = new Map([['cloud', { provider, maker: this.cloud }]]);
    this.hand = await openHubInHand({ sources, ...(disk === undefined ? {} : { disk }) });
    this.cloud.hand = this.hand;
  }

  /** Stops it; it must not have failed. */
  async close(): Promise<void> {
    expect(this.hand.failure).toBeUndefined();
    await this.hand.hub.stop();
  }

  /** Lets so much time pass, a second at a time. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1000) {
      await this.hand.ports.advance(Math.min(1000, left));
      await this.hand.rest();
    }
  }

  /** Wants boxes, and lets them be made. */
  async spawn(order: Partial<SpawnOrder> = {}): Promise<readonly string[]> {
    const { spawned } = this.hand.hub;
    const records = await spawned.spawn({ provider: 'cloud', count: 1, ...order });
    await this.pass(5000);
    return records.map(({ name }) => name);
  }

  find(name: string): SpawnRecord | undefined {
    return this.hand.hub.spawned.find(name);
  }

  is(name: string): string | undefined {
    return this.find(name)?.state.is;
  }

  /** The key of the worker of this name. */
  keyOf(name: string): string {
    return this.hand.hub.workers.findByName(name)?.key ?? '';
  }

  /** What the M2 is asked about boxes. */
  asked(): readonly Decision[] {
    return this.hand.hub.inbox.list().filter(({ kind }) => kind === 'spawn');
  }

  /** Answers the one question that there is. */
  async decide(as: 'approve' | 'reject'): Promise<void> {
    const [decision, ...more] = this.asked();
    if (decision === undefined || more.length > 0) throw new Error('one question was expected');
    await this.hand.hub.spawned.decide({ decision, answer: { as } });
  }

  /** Releases; a peer in a test's hand does not say what it owes, so it is waited for in vain. */
  async release(args: object): Promise<BoxPlan | readonly BoxRow[]> {
    const asker = { onDrop: () => undefined, item: async () => true };
    const context = { hub: this.hand.hub, ...asker } as unknown as VerbContext;
    const released = releaseVerb.run(context, releaseVerb.args.parse(args));
    released.catch(() => undefined);
    await this.pass(25_000);
    return released;
  }
}
