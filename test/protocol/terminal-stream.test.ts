/*
 * One direction of a terminal: bytes arrive once and in order over links that are lost, within the window.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { terminalChunkBytesMax, terminalWindowBytesMax } from '../../protocol/limits.ts';
import type { TerminalFrame } from '../../protocol/terminal-frames.ts';
import { TerminalReader, TerminalWriter } from '../../protocol/terminal-stream.ts';

/** A link in hand: what was sent waits until the test carries it over, or loses it. */
function openWay() {
  const under: TerminalFrame[] = [];
  const acks: TerminalFrame[] = [];
  const way = { state: 'sent' as 'sent' | 'full' | 'closed' };
  const put = (list: TerminalFrame[]) => (frame: TerminalFrame) => {
    if (way.state !== 'closed') list.push(frame);
    return way.state;
  };
  const writer = new TerminalWriter({ id: 1, send: put(under) });
  const reader = new TerminalReader({ id: 1, send: put(acks) });
  const got: number[] = [];
  const carry = () => {
    const frame = under.shift();
    if (frame?.t !== 'terminal-data') return;
    const fresh = reader.take(frame.from, frame.bytes);
    if (fresh === 'breach') throw new Error('breach');
    got.push(...fresh);
    reader.taken(fresh.length);
  };
  const carryAck = () => {
    const frame = acks.shift();
    if (frame?.t === 'terminal-ack') expect(writer.acked(frame.offset)).toBe(true);
  };
  const lose = () => {
    under.length = 0;
    acks.length = 0;
    writer.again();
    reader.again();
  };
  return { under, acks, way, writer, reader, got, carry, carryAck, lose };
}

function underWayBytes(frames: readonly TerminalFrame[]): number {
  return frames.reduce((sum, frame) => sum + ('bytes' in frame ? frame.bytes.length : 0), 0);
}

describe('terminal stream', () => {
  test('terminal stream: every byte comes once and in order, whatever links lose', () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: 1, max: 40_000 }) },
        { weight: 8, arbitrary: fc.constantFrom('carry', 'ack') },
        { weight: 1, arbitrary: fc.constantFrom('lose', 'full', 'closed', 'sent') },
      ),
      { maxLength: 120 },
    );
    void fc.assert(
      fc.property(steps, (list) => {
        const line = openWay();
        let put = 0;
        for (const step of list) {
          if (typeof step === 'number') {
            line.writer.put(Uint8Array.from({ length: step }, (_, n) => (put + n) % 251));
            put += step;
          } else if (step === 'carry') line.carry();
          else if (step === 'ack') line.carryAck();
          else if (step === 'lose') line.lose();
          else {
            line.way.state = step;
            if (step === 'sent') line.writer.drained();
          }
          expect(underWayBytes(line.under)).toBeLessThanOrEqual(terminalWindowBytesMax);
        }
        line.way.state = 'sent';
        line.lose();
        while (line.under.length + line.acks.length > 0) {
          line.carry();
          line.carryAck();
        }
        expect(line.got.length).toBe(put);
        expect(line.got.every((byte, n) => byte === n % 251)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('terminal stream: no more than a window leaves before it is acknowledged, in small frames', async () => {
    const { writer, under, carry, carryAck } = openWay();
    writer.put(new Uint8Array(3 * terminalWindowBytesMax));
    expect(underWayBytes(under)).toBe(terminalWindowBytesMax);
    expect(under).toHaveLength(terminalWindowBytesMax / terminalChunkBytesMax);
    expect(writer.isFull).toBe(true);
    let hasRoom = false;
    const room = writer.room().then(() => {
      hasRoom = true;
    });
    carry();
    carryAck();
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    for (let turn = 0; turn < 12; turn += 1) {
      carry();
      carryAck();
    }
    await room;
    expect(writer.isFull).toBe(false);
  });

  test('terminal stream: nothing leaves while the link is full, until it has drained', () => {
    const { writer, under, way } = openWay();
    way.state = 'full';
    writer.put(new Uint8Array(2 * terminalChunkBytesMax));
    expect(under).toHaveLength(1);
    way.state = 'sent';
    writer.drained();
    expect(under).toHaveLength(2);
  });

  test('terminal stream: a peer that sends beyond its window, or acknowledges what never left, is found out', () => {
    const { reader, writer } = openWay();
    expect(reader.take(0, new Uint8Array(terminalWindowBytesMax))).toHaveLength(
      terminalWindowBytesMax,
    );
    expect(reader.take(terminalWindowBytesMax, new Uint8Array(1))).toBe('breach');
    writer.put(new Uint8Array(10));
    expect(writer.acked(11)).toBe(false);
    expect(writer.acked(10)).toBe(true);
  });

  test('terminal stream: who waits for room goes on when nobody wants it any more', async () => {
    const { writer, way } = openWay();
    way.state = 'closed';
    writer.put(new Uint8Array(terminalWindowBytesMax));
    const room = writer.room();
    writer.stop();
    await room;
    expect(writer.isFull).toBe(false);
  });
});
