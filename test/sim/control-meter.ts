/*
 * What is under way on the control sockets: items of a stream that its client has not taken yet.
 *
 * A slow screen may hold the verb that feeds it, not the hub's memory; so their number is capped, and
 * one more is a violation at once.
 */
import { itemsUnderWayMax } from '../../protocol/control.ts';
import { readFrame } from './frame-kind.ts';
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
  leaves(from: SimLink, kind: string, bytes: Uint8Array): void {
    if (kind === 'item') this.#add(from, bytes, 1);
    // Taken items are told of by the client; only what has reached the hub counts there.
    else if (kind === 'more') this.#add(from.peer, bytes, -1);
  }

  #add(end: SimLink, bytes: Uint8Array, by: 1 | -1): void {
    const frame = readFrame(bytes);
    const id = Number(frame?.id);
    const calls = this.#underWay.get(end) ?? new Map<number, number>();
    this.#underWay.set(end, calls);
    const count = (calls.get(id) ?? 0) + by * Number(frame?.count ?? 1);
    calls.set(id, count);
    if (count <= itemsUnderWayMax) return;
    const message = `${count} items of one call are under way to ${end.box}`;
    this.#history.violate({ check: 'queues stay under their caps', message });
  }
}
