/*
 * Delivery when processes die: what was not on a disk is gone on either side, and still each message is
 * applied once, in order.
 *
 * Both disks are kept apart from the machines. A crash takes the machine and, by chance, the batch that
 * was on its way to the disk; links and what was on them go too. The sender's mark of what was
 * acknowledged is not synced, so a crash may set it back.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { windowFramesMax } from '../../../protocol/limits.ts';
import {
  createReceiver,
  type ReceiverEvent,
  stepReceiver,
} from '../../../protocol/machines/receiver.ts';
import {
  createSender,
  findSenderDeadline,
  type OutboxRow,
  type SenderEvent,
  stepSender,
} from '../../../protocol/machines/sender.ts';

type Action = { readonly does: string; readonly pick: number };

/** Two processes, their disks and the link between them. */
class Boxes {
  /** The sender's disk: rows, and a mark that may be older than what is acknowledged. */
  readonly rows: OutboxRow[] = [];
  #ackedKept = 0;
  /** The receiver's disk: one batch moves both. */
  readonly applied: number[] = [];
  #sender = createSender(0, 0);
  #receiver = createReceiver(0);
  #toReceiver: OutboxRow[] = [];
  #toSender: Extract<SenderEvent, { type: 'ack' }>[] = [];
  #loads: { readonly after: number; readonly countMax: number }[] = [];
  #applying: (readonly OutboxRow[])[] = [];
  #ackedHighest = 0;
  #nowMs = 0;

  act({ does, pick }: Action): void {
    if (does === 'queue') this.#queue(1 + (pick % 30));
    if (does === 'carry') for (let left = pick % 12; left >= 0; left -= 1) this.#carry(pick);
    if (does === 'lose') this.#toReceiver.splice(pick % 5, 1 + (pick % 7));
    if (does === 'lose-acks') this.#toSender.splice(pick % 3, 1 + (pick % 3));
    if (does === 'double') this.#toReceiver.push(...this.#toReceiver.slice(0, pick % 4));
    if (does === 'commit') this.#commit();
    if (does === 'tick') this.#tick();
    if (does === 'relink') this.#relink();
    if (does === 'kill-sender') this.#killSender(pick);
    if (does === 'kill-receiver') this.#killReceiver(pick);
  }

  /** No fault any more: all must arrive. */
  settle(): void {
    this.#relink();
    for (let step = 0; step < 20_000; step += 1) {
      if (this.#toReceiver.length + this.#toSender.length + this.#loads.length > 0) this.#carry(0);
      else if (this.#applying.length > 0) this.#commit();
      else if (findSenderDeadline(this.#sender) !== undefined) this.#tick();
      else return;
    }
    throw new Error('the boxes do not come to rest');
  }

  get acked(): number {
    return this.#sender.acked;
  }

  #queue(count: number): void {
    const fresh = Array.from({ length: count }, (_, at) => ({
      seq: this.rows.length + 1 + at,
      bytes: Uint8Array.of(at),
    }));
    this.rows.push(...fresh);
    this.#send({ type: 'queued', rows: fresh });
  }

  #carry(pick: number): void {
    const [load] = this.#loads.splice(0, 1);
    if (load !== undefined) {
      const rows = this.rows.slice(load.after, load.after + load.countMax);
      this.#send({ type: 'loaded', rows });
    }
    const [ack] = this.#toSender.splice(pick % Math.max(1, this.#toSender.length), 1);
    if (ack !== undefined) this.#send(ack);
    const count = 1 + (pick % 3);
    const rows = this.#toReceiver.splice(pick % Math.max(1, this.#toReceiver.length), count);
    const ascending = rows.toSorted((a, b) => a.seq - b.seq);
    if (rows.length > 0) this.#receive({ type: 'data', rows: ascending });
  }

  #commit(): void {
    const rows = this.#applying.shift();
    const through = rows?.at(-1)?.seq;
    if (rows === undefined || through === undefined) return;
    this.applied.push(...rows.map((row) => row.seq));
    this.#receive({ type: 'applied', through });
  }

  #tick(): void {
    this.#nowMs = Math.max(this.#nowMs, findSenderDeadline(this.#sender) ?? this.#nowMs);
    this.#send({ type: 'tick' });
  }

  #relink(): void {
    [this.#toReceiver, this.#toSender, this.#loads] = [[], [], []];
    this.#send({ type: 'closed' });
    this.#receive({ type: 'closed' });
    this.#send({ type: 'opened', received: this.#receiver.received });
  }

  #killSender(pick: number): void {
    // Its mark is written without a sync: any earlier one may be what the disk has.
    const floor = this.#ackedKept;
    this.#ackedKept = floor + (pick % (this.#ackedHighest - floor + 1));
    this.#sender = createSender(this.#ackedKept, this.rows.length);
    this.#relink();
  }

  #killReceiver(pick: number): void {
    const [underWay] = this.#applying;
    // The batch that was being written is on the disk whole, or not at all.
    if (underWay !== undefined && pick % 2 === 0) {
      this.applied.push(...underWay.map((row) => row.seq));
    }
    this.#applying = [];
    this.#receiver = createReceiver(this.applied.at(-1) ?? 0);
    this.#relink();
  }

  #send(event: SenderEvent): void {
    const moment = { nowMs: this.#nowMs, roll: 0.5 };
    const { state, effects } = stepSender(this.#sender, event, moment);
    this.#sender = state;
    for (const effect of effects) {
      expect(effect.do).not.toBe('halt');
      if (effect.do === 'send') this.#toReceiver.push(effect.row);
      if (effect.do === 'load') this.#loads.push(effect);
      if (effect.do !== 'acked') continue;
      // Never more than the other disk holds.
      expect(effect.through).toBeLessThanOrEqual(this.applied.length);
      this.#ackedHighest = Math.max(this.#ackedHighest, effect.through);
    }
  }

  #receive(event: ReceiverEvent): void {
    const moment = { nowMs: this.#nowMs, roll: 0.5 };
    const { state, effects } = stepReceiver(this.#receiver, event, moment);
    this.#receiver = state;
    expect(state.held.length).toBeLessThanOrEqual(windowFramesMax);
    for (const effect of effects) {
      if (effect.do === 'apply') this.#applying.push(effect.rows);
      else this.#toSender.push({ type: 'ack', received: effect.received, need: effect.need });
    }
  }
}

const does = fc.constantFrom(
  ...['queue', 'carry', 'carry', 'carry', 'lose', 'lose-acks', 'double', 'commit', 'commit'],
  ...['tick', 'relink', 'kill-sender', 'kill-receiver'],
);
const action: fc.Arbitrary<Action> = fc.record({ does, pick: fc.nat(10_000) });

test('delivery: whoever dies whenever, each message is applied once, in order', () => {
  void fc.assert(
    fc.property(fc.array(action, { maxLength: 120, size: 'max' }), (actions) => {
      const boxes = new Boxes();
      for (const step of actions) boxes.act(step);
      boxes.settle();
      expect(boxes.applied).toEqual(boxes.rows.map((row) => row.seq));
      expect(boxes.acked).toBe(boxes.rows.length);
    }),
    { numRuns: 200 },
  );
});
