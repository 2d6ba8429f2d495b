/*
 * What is under way on the control sockets: items of a stream that its client has not taken yet.
 *
 * A slow screen may hold the verb that feeds it, not the hub's memory; so their number is capped, and
 * one more is a violation at once.
 */
import { itemsUnderWayMax } from '../../protocol/control.ts';
import type { Parcel } from './frame-kind.ts';
import type { History } from './history.ts';
import type { SimLink } from './sim-link.ts';

/** One world's control sockets. */
export class ControlMeter {
  readonly #history: History;
  /** By the hub's end: items of each call that were sent and not taken. */
  readonly #underWay = new WeakMap<SimLink, Map<number, number>>();

  constructor(history: History) {
    this.#history = history;
  }

  /** A frame leaves. */
  leaves(from: SimLink, parcel: Parcel): void {
    if (parcel.kind === 'item') this.#add(from, parcel, 1);
    // Taken items are told of by the client; only what has reached the hub counts there.
    else if (parcel.kind === 'more') this.#add(from.peer, parcel, -1);
  }

  #add(end: SimLink, { fields }: Parcel, by: 1 | -1): void {
    const id = Number(fields.id);
    const calls = this.#underWay.get(end) ?? new Map<number, number>();
    this.#underWay.set(end, calls);
    const count = (calls.get(id) ?? 0) + by * Number(fields.count ?? 1);
    calls.set(id, count);
    if (count <= itemsUnderWayMax) return;
    const message = `${count} items of one call are under way to ${end.box}`;
    this.#history.violate({ check: 'queues stay under their caps', message });
  }
}
