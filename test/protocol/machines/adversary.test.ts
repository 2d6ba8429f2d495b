/*
 * The machines against a peer that says anything that fits its schema: no step throws, nothing grows,
 * and what is on our own disk is never given up for what it says.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type HelloFrame, protocolMax } from '../../../protocol/frames.ts';
import { needCountMax, windowBytesMax, windowFramesMax } from '../../../protocol/limits.ts';
import {
  findHandshakeDeadline,
  openHandshake,
  stepHandshake,
} from '../../../protocol/machines/handshake.ts';
import { createReceiver, stepReceiver } from '../../../protocol/machines/receiver.ts';
import { createSender, type OutboxRow, stepSender } from '../../../protocol/machines/sender.ts';
import { makeHello } from '../raw-peer.ts';

const at = (nowMs: number) => ({ nowMs, roll: 0.3 });
const own = 'a'.repeat(32);

/** Mostly near what is expected, for what is far off is refused at once. */
const anySeq = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 200, max: 600 }),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
);
const anyCursor = fc.oneof(fc.constant(0), anySeq);

function rowsFrom(first: number, count: number, size: number): OutboxRow[] {
  return Array.from({ length: count }, (_, index) => ({
    seq: first + index,
    bytes: new Uint8Array(size),
  }));
}

test('sender: whatever a peer acknowledges and asks for, nothing unsaid is taken as said', () => {
  const event = fc.oneof(
    fc.record({ type: fc.constant('opened' as const), received: anyCursor }),
    fc.record({
      type: fc.constant('ack' as const),
      received: anyCursor,
      need: fc.array(anySeq, { maxLength: needCountMax }),
    }),
    fc.constantFrom({ type: 'closed' as const }, { type: 'tick' as const }),
    fc.constant({ type: 'queue' as const }),
    fc.constant({ type: 'load' as const }),
  );
  void fc.assert(
    fc.property(fc.array(event, { maxLength: 80 }), (events) => {
      let queued = 30;
      let state = createSender(0, queued);
      let nowMs = 0;
      for (const next of events) {
        nowMs += 300;
        const before = state;
        const taken =
          next.type === 'queue'
            ? { type: 'queued' as const, rows: rowsFrom(queued + 1, 5, 90_000) }
            : next.type === 'load'
              ? { type: 'loaded' as const, rows: rowsFrom(state.acked + 1, 10, 10) }
              : next;
        if (next.type === 'queue') queued += 5;
        const step = stepSender(state, taken, at(nowMs));
        state = step.state;
        expect(state.acked).toBeGreaterThanOrEqual(before.acked);
        expect(state.acked).toBeLessThanOrEqual(queued);
        // One that was lied to stays where it is, until a person acts.
        if (before.is === 'halted') expect(state).toEqual(before);
        const sends = step.effects.filter((effect) => effect.do === 'send');
        expect(sends.length).toBeLessThanOrEqual(windowFramesMax + needCountMax);
        if (state.is === 'live') expect(state.rows.length).toBeLessThanOrEqual(windowFramesMax);
      }
    }),
    { numRuns: 300 },
  );
});

test('receiver: whatever arrives, what is held is bounded and what is applied has no hole', () => {
  const event = fc.oneof(
    fc.record({
      type: fc.constant('data' as const),
      first: anySeq,
      count: fc.integer({ min: 1, max: 40 }),
      size: fc.constantFrom(1, 1000, 256 * 1024),
    }),
    fc.record({ type: fc.constant('applied' as const), through: anyCursor }),
    fc.constant({ type: 'finish' as const }),
    fc.constant({ type: 'closed' as const }),
  );
  void fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let state = createReceiver(0);
      let asked = 0;
      for (const next of events) {
        const before = state;
        const through = state.is === 'applying' ? state.through : 0;
        const taken =
          next.type === 'data'
            ? { type: 'data' as const, rows: rowsFrom(next.first, next.count, next.size) }
            : next.type === 'finish'
              ? { type: 'applied' as const, through }
              : next;
        const step = stepReceiver(state, taken, at(0));
        state = step.state;
        expect(state.received).toBeGreaterThanOrEqual(before.received);
        expect(state.received).toBeLessThanOrEqual(asked);
        const heldBytes = state.held.reduce((sum, row) => sum + row.bytes.length, 0);
        expect(state.held.length).toBeLessThanOrEqual(windowFramesMax);
        expect(heldBytes).toBeLessThanOrEqual(windowBytesMax + 256 * 1024);
        expect(step.effects.length).toBeLessThanOrEqual(2);
        for (const effect of step.effects) {
          if (effect.do !== 'apply') continue;
          expect(effect.rows.map((row) => row.seq)).toEqual(
            effect.rows.map((_, index) => asked + 1 + index),
          );
          asked += effect.rows.length;
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('handshake: whatever hellos come, it opens for our store only, once, and ends by itself', () => {
  const anyHello: fc.Arbitrary<HelloFrame> = fc
    .record({
      store: fc.constantFrom('b'.repeat(32), 'c'.repeat(32)),
      forStore: fc.constantFrom(null, own, 'd'.repeat(32)),
      isOpen: fc.boolean(),
      protoMin: fc.integer({ min: 1, max: protocolMax + 2 }),
      protoMax: fc.integer({ min: 1, max: protocolMax + 2 }),
      received: anyCursor,
    })
    .map((fields) => makeHello(fields));
  const event = fc.oneof(
    fc.record({ type: fc.constant('hello' as const), hello: anyHello, isHeldUp: fc.boolean() }),
    fc.record({
      type: fc.constant('tick' as const),
      isHeldUp: fc.boolean(),
      isArriving: fc.boolean(),
    }),
  );
  void fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      let { state } = openHandshake(own, null, at(0));
      let openedCount = 0;
      let nowMs = 0;
      for (const next of events) {
        nowMs = Math.max(nowMs, next.type === 'tick' ? (findHandshakeDeadline(state) ?? 0) : 0);
        const step = stepHandshake(state, next, at(nowMs));
        if (state.is === 'refused') expect(step.effects).toEqual([]);
        expect(step.effects.length).toBeLessThanOrEqual(2);
        for (const effect of step.effects) {
          if (effect.do !== 'opened') continue;
          openedCount += 1;
          expect(effect.hello.forStore).toBe(own);
        }
        state = step.state;
        if (state.is === 'open') expect(state.version).toBe(protocolMax);
      }
      expect(openedCount).toBeLessThanOrEqual(1);
      // Silence from here on: it is open, or it gives up.
      const silence = { type: 'tick', isHeldUp: false, isArriving: false } as const;
      for (let ticks = 0; ticks < 10 && state.is === 'greeting'; ticks += 1) {
        nowMs = findHandshakeDeadline(state) ?? nowMs;
        state = stepHandshake(state, silence, at(nowMs)).state;
      }
      expect(state.is).not.toBe('greeting');
    }),
    { numRuns: 300 },
  );
});
