/*
 * A worker that remembers less than it acknowledged is not served.
 *
 * Its disk was put back to a copy: what it has forgotten cannot be sent again, so going on would leave a
 * hole that nobody sees; the hub says so and ends the link. Judged at once, from what passed: the acks that
 * reached this start of the hub (its mark on the disk may be a second older), and the worker's hello.
 */
import type { Parcel } from './frame-kind.ts';
import type { History } from './history.ts';
import type { SimLink } from './sim-link.ts';

/** What a hub says to a worker that it serves: its messages, and that it hears it. */
const served: ReadonlySet<string> = new Set(['data', 'pong']);

interface Mark {
  /** The worker's store, and the start of the hub that knows. */
  readonly store: string;
  readonly hub: unknown;
  readonly received: number;
}

/** One world's. */
export class Regressions {
  readonly #history: History;
  /** By the worker's end of a link: from which store it spoke. */
  readonly #stores = new WeakMap<SimLink, string>();
  /** By box: the most that it acknowledged. */
  readonly #acked = new Map<string, Mark>();
  /** Links under whose hello nothing may leave. */
  readonly #gone = new WeakSet<SimLink>();

  constructor(history: History) {
    this.#history = history;
  }

  /** A frame leaves. */
  leaves(from: SimLink, parcel: Parcel): void {
    const { kind } = parcel;
    if (kind === 'hello' && from.sends === 'to-hub') this.#noteHello(from, parcel);
    if (!served.has(kind) || from.sends !== 'to-agent' || !this.#gone.has(from.peer)) return;
    const stains = this.#history.stains.get(from.box);
    // What a rogue says of itself, and which of two agents said it, means nothing.
    if (this.#history.isHubRestored || stains?.has('twin') || stains?.has('rogue')) return;
    const message = `${from.box} said that it has less than it had acknowledged, and was served`;
    this.#history.violate({ check: 'a worker that went back is not served', message });
  }

  /** A frame reaches the hub on a link that is open there. */
  arrives(from: SimLink, parcel: Parcel): void {
    const store = this.#stores.get(from);
    if (parcel.kind !== 'ack' || from.sends !== 'to-hub' || store === undefined) return;
    const hub = from.peer.owner;
    const received = Number(parcel.fields.received);
    const known = this.#acked.get(from.box);
    const isSame = known?.store === store && known.hub === hub;
    if (isSame && known.received >= received) return;
    this.#acked.set(from.box, { store, hub, received });
  }

  #noteHello(from: SimLink, { fields }: Parcel): void {
    const { store, forStore, received } = fields;
    if (typeof store !== 'string') return;
    this.#stores.set(from, store);
    const known = this.#acked.get(from.box);
    if (forStore === null || known?.store !== store || known.hub !== from.peer.owner) return;
    if (Number(received) < known.received) this.#gone.add(from);
  }
}
