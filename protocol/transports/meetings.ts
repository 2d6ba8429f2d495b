/*
 * How an agent comes to its hub: by the addresses that it knows, and where there is a DHT to meet over, by that.
 *
 * The way that worked last is tried first. The node for meeting is opened at the first need and stays; another
 * place to meet replaces it. Invariant: after `close` no node is left.
 */
import { AppError } from '../errors.ts';
import type { Ports } from '../ports.ts';
import type { SwarmPackages } from './dht-node.ts';
import type { DialRequest } from './dial.ts';
import { meetAfterMs, meetMsMax } from './limits.ts';
import { type MeetingNode, type MeetingPlace, meetHub, openMeetingNode } from './meeting.ts';
import type { NoiseLink } from './noise-link.ts';

/** One dial; `signal` gives it up. */
export interface MeetingDial extends DialRequest {
  readonly signal: AbortSignal;
}

/** Life cycle: `dial` as often as wanted, `close` at the end. */
export class Meetings {
  readonly #packages: SwarmPackages;
  readonly #ports: Ports;
  #opened: { readonly place: string; readonly node: Promise<MeetingNode> } | undefined;
  #node: MeetingNode | undefined;
  #wasMet = false;
  #isClosed = false;

  constructor(packages: SwarmPackages, ports: Ports) {
    this.#packages = packages;
    this.#ports = ports;
  }

  /** Dials, and meets where that is possible. Errors: LINK_TIMEOUT, LINK_LOST. */
  async dial(
    request: MeetingDial,
    direct: (timeoutMs: number) => Promise<NoiseLink>,
  ): Promise<NoiseLink> {
    if (request.nodes === undefined) return direct(request.timeoutMs);
    const dial = async () => {
      const link = await direct(Math.min(request.timeoutMs, meetAfterMs));
      this.#wasMet = false;
      return link;
    };
    const meet = async () => {
      const link = await this.#meet(request);
      this.#wasMet = true;
      return link;
    };
    const [first, second] = this.#wasMet ? [meet, dial] : [dial, meet];
    return first().catch((error: unknown) => {
      if (request.signal.aborted) throw error;
      return second();
    });
  }

  /** See `MeetingNode`; false while there is no node. */
  hasRandomNat(): boolean {
    return this.#node?.hasRandomNat() === true;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#drop();
  }

  async #meet(request: MeetingDial): Promise<NoiseLink> {
    const meeting = await this.#open(request);
    this.#node = meeting;
    const { timers } = this.#ports;
    return meetHub(meeting, { ...request, timers, timeoutMs: meetMsMax });
  }

  async #open({ nodes, relay }: MeetingPlace): Promise<MeetingNode> {
    const place = JSON.stringify([nodes, relay]);
    if (this.#opened?.place !== place) await this.#drop();
    if (this.#isClosed) throw new AppError('LINK_LOST', 'The dial was given up.');
    this.#opened ??= { place, node: openMeetingNode(this.#packages, { nodes, relay }) };
    return this.#opened.node.catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
  }

  async #drop(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#node = undefined;
    const meeting = await opened?.node.catch(() => undefined);
    await meeting?.node.destroy({ force: true });
  }
}
