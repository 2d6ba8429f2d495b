/*
 * Sender and receiver as a pair: whatever the channel does, each message is applied once, in order.
 *
 * The channel between them loses, doubles and reorders; disks answer late; links break at any
 * moment, also while messages are being applied. After that the channel behaves, and all must arrive.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  bufferedRowsMax,
  needCountMax,
  windowBytesMax,
  windowFramesMax,
} from '../../../protocol/limits.ts';
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

const payload = new Uint8Array(600_000);

type Ack = Extract<SenderEvent, { type: 'ack' }>;
type Action = { readonly does: string; readonly pick: number };

/** Both ends, their disks, and what is on its way between them. */
class Pair {
  sender = createSender(0, 0);
  receiver = createReceiver(0);
  readonly disk: OutboxRow[] = [];
  readonly applied: number[] = [];
  rows: OutboxRow[] = [];
  acks: Ack[] = [];
  loads: { readonly after: number; readonly countMax: number }[] = [];
  applies: (readonly OutboxRow[])[] = [];
  nowMs = 0;

  send(event: SenderEvent): void {
    const { state, effects } = stepSender(this.sender, event, { nowMs: this.nowMs, roll: 0.5 });
    this.sender = state;
    for (const effect of effects) {
      if (effect.do === 'send') this.rows.push(effect.row);
      if (effect.do === 'load') this.loads.push(effect);
      if (effect.do === 'acked')
        expect(this.receiver.received).toBeGreaterThanOrEqual(effect.through);
      expect(effect.do).not.toBe('halt');
    }
    this.#checkSender();
  }

  receive(event: ReceiverEvent): void {
    const { state, effects } = stepReceiver(this.receiver, event, { nowMs: this.nowMs, roll: 0.5 });
    expect(state.received).toBeGreaterThanOrEqual(this.receiver.received);
    this.receiver = state;
    expect(state.held.length).toBeLessThanOrEqual(windowFramesMax);
    for (const effect of effects) {
      if (effect.do === 'apply') {
        this.applies.push(effect.rows);
        continue;
      }
      expect(effect.received).toBe(state.received);
      expect(effect.need.length).toBeLessThanOrEqual(needCountMax);
      expect(effect.need.every((seq) => seq > state.received)).toBe(true);
      this.acks.push({ type: 'ack', received: effect.received, need: effect.need });
    }
  }

  /** The link breaks and another one comes up; what was on its way is gone, applying goes on. */
  relink(): void {
    this.rows = [];
    this.acks = [];
    this.loads = [];
    this.send({ type: 'closed' });
    this.receive({ type: 'closed' });
    this.send({ type: 'opened', received: this.receiver.received });
  }

  queue(sizes: readonly number[]): void {
    const fresh = sizes.map((size, index) => ({
      seq: this.disk.length + 1 + index,
      bytes: payload.subarray(0, size),
    }));
    this.disk.push(...fresh);
    this.send({ type: 'queued', rows: fresh });
  }

  load(): void {
    const load = this.loads.shift();
    if (load === undefined) return;
    this.send({ type: 'loaded', rows: this.disk.slice(load.after, load.after + load.countMax) });
  }

  apply(): void {
    const rows = this.applies.shift();
    const through = rows?.at(-1)?.seq;
    if (rows === undefined || through === undefined) return;
    this.applied.push(...rows.map((row) => row.seq));
    this.receive({ type: 'applied', through });
  }

  deliver(way: 'rows' | 'acks', at: number): void {
    if (way === 'rows') {
      // Those that follow each other may have come in one frame, or one by one.
      const count = this.nowMs % 2 === 0 ? countRun(this.rows, at) : 1;
      const rows = this.rows.splice(at, count);
      if (rows.length > 0) this.receive({ type: 'data', rows });
      return;
    }
    const [ack] = this.acks.splice(at, 1);
    if (ack !== undefined) this.send(ack);
  }

  tick(): void {
    this.nowMs = Math.max(this.nowMs, findSenderDeadline(this.sender) ?? this.nowMs);
    this.send({ type: 'tick' });
  }

  #checkSender(): void {
    if (this.sender.is !== 'live') return;
    const { rows, acked, sentThrough, queued } = this.sender;
    expect(rows.length).toBeLessThanOrEqual(bufferedRowsMax);
    expect(sentThrough - acked).toBeLessThanOrEqual(windowFramesMax);
    expect(rows.every((row, index) => row.seq === acked + 1 + index)).toBe(true);
    expect(sentThrough).toBeLessThanOrEqual(queued);
    const underWay = rows.filter((row) => row.seq <= sentThrough);
    const bytes = underWay.reduce((sum, row) => sum + row.bytes.length, 0);
    expect(bytes <= windowBytesMax || underWay.length === 1).toBe(true);
  }
}

function countRun(rows: readonly OutboxRow[], at: number): number {
  const first = rows[at]?.seq ?? 0;
  let count = 1;
  while (rows[at + count]?.seq === first + count) count += 1;
  return count;
}

function act(pair: Pair, { does, pick }: Action): void {
  const way = pick % 2 === 0 ? 'rows' : 'acks';
  const line = pair[way] as unknown[];
  const at = line.length === 0 ? 0 : pick % line.length;
  if (does === 'queue')
    pair.queue(new Array(1 + (pick % 40)).fill(pick % 7 === 0 ? 400_000 : pick % 90));
  if (does === 'deliver')
    for (let left = 1 + (pick % 9); left > 0; left -= 1) pair.deliver(way, at);
  if (does === 'lose') line.splice(at, 1 + (pick % 20));
  if (does === 'double' && line.length > 0) line.push(line[at]);
  if (does === 'load') pair.load();
  if (does === 'apply') pair.apply();
  if (does === 'tick') pair.tick();
  if (does === 'relink') pair.relink();
}

/** The channel behaves: what is sent arrives, once and in order. */
function settlePair(pair: Pair): void {
  pair.relink();
  for (let step = 0; step < 50_000; step += 1) {
    if (pair.rows.length > 0) pair.deliver('rows', 0);
    else if (pair.acks.length > 0) pair.deliver('acks', 0);
    else if (pair.loads.length > 0) pair.load();
    else if (pair.applies.length > 0) pair.apply();
    else if (findSenderDeadline(pair.sender) !== undefined) pair.tick();
    else return;
  }
  throw new Error('the pair does not come to rest');
}

const does = fc.constantFrom(
  'queue',
  'deliver',
  'deliver',
  'lose',
  'double',
  'load',
  'apply',
  'tick',
  'relink',
);
const action: fc.Arbitrary<Action> = fc.record({ does, pick: fc.nat(10_000) });

test('delivery: a channel that loses, doubles, reorders and breaks delivers each message once, in order', () => {
  void fc.assert(
    fc.property(fc.array(action, { maxLength: 150, size: 'max' }), (actions) => {
      const pair = new Pair();
      pair.relink();
      for (const step of actions) act(pair, step);
      settlePair(pair);
      expect(pair.applied).toEqual(pair.disk.map((row) => row.seq));
      expect(pair.sender.acked).toBe(pair.disk.length);
    }),
    { numRuns: 100 },
  );
});

test('delivery: a backlog of many windows passes through one', () => {
  const pair = new Pair();
  pair.queue(new Array(windowFramesMax * 4 + 7).fill(10));
  settlePair(pair);
  expect(pair.applied).toHaveLength(windowFramesMax * 4 + 7);
  expect(pair.applied.every((seq, index) => seq === index + 1)).toBe(true);
});
