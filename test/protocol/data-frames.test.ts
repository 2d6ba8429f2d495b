/*
 * Messages in `data` frames: what follows each other shares one, up to caps, and comes out as it went in.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listRows, planDataFrames } from '../../protocol/data-frames.ts';
import { decodeFrame, encodeFrame } from '../../protocol/frames.ts';
import {
  dataBytesMax,
  dataRowsMax,
  frameBytesMax,
  messageBytesMax,
  windowFramesMax,
} from '../../protocol/limits.ts';
import type { OutboxRow } from '../../protocol/machines/sender.ts';

const row = (seq: number, size = 1) => ({ seq, bytes: new Uint8Array(size).fill(seq) });

describe('data frames', () => {
  test('data frames: rows that follow each other share a frame, to a peer that takes many', () => {
    const rows = [row(1), row(2), row(4), row(5), row(3)];
    const frames = planDataFrames(rows, 'many');
    expect(frames.map((frame) => listRows(frame).map(({ seq }) => seq))).toEqual([
      [1, 2],
      [4, 5],
      [3],
    ]);
    expect(frames[2]).toEqual({ t: 'data', seq: 3, body: row(3).bytes });
  });

  test('data frames: a peer that did not say so is given one a frame', () => {
    const frames = planDataFrames([row(1), row(2)], 'one');
    expect(frames).toEqual([1, 2].map((seq) => ({ t: 'data', seq, body: row(seq).bytes })));
  });

  test('data frames: a frame holds so many bytes, and one message of any size', () => {
    const half = dataBytesMax / 2;
    const counts = (sizes: readonly number[]) =>
      planDataFrames(
        sizes.map((size, index) => row(index + 1, size)),
        'many',
      ).map((frame) => listRows(frame).length);
    expect(counts([half, half, 1])).toEqual([2, 1]);
    expect(counts([half, half + 1])).toEqual([1, 1]);
    expect(counts([messageBytesMax, 1])).toEqual([1, 1]);
  });

  test('data frames: a frame holds so many messages; one of a whole window passes its schema, too', () => {
    const rows = Array.from({ length: windowFramesMax + 1 }, (_, index) => row(index + 1));
    const frames = planDataFrames(rows, 'many');
    const counts = frames.map((frame) => listRows(frame).length);
    expect(counts).toEqual([...Array(windowFramesMax / dataRowsMax).fill(dataRowsMax), 1]);
    // Such frames come from agents and hubs before this cap.
    const [body, ...more] = rows.slice(0, windowFramesMax).map(({ bytes }) => bytes);
    const whole = { t: 'data', seq: 1, body: body as Uint8Array, more } as const;
    for (const frame of [...frames, whole])
      expect(decodeFrame(encodeFrame(frame))).toStrictEqual(frame);
  });

  test('data frames: every row comes out once, in order, whatever there is to send', () => {
    const size = fc.constantFrom(1, 30, dataBytesMax / 3, dataBytesMax);
    const some = fc.record({ gap: fc.nat(1), size });
    const takes = fc.constantFrom('one' as const, 'many' as const);
    void fc.assert(
      fc.property(fc.array(some, { maxLength: 12 }), takes, (steps, way) => {
        let seq = 0;
        const rows = steps.map(({ gap, size }) => {
          seq += 1 + gap;
          return row(seq, size);
        });
        const frames = planDataFrames(rows, way);
        const sum = (list: readonly OutboxRow[]) =>
          list.map(({ seq: n, bytes }) => [n, bytes.length]);
        expect(sum(frames.flatMap(listRows))).toEqual(sum(rows));
        for (const frame of frames) {
          expect(encodeFrame(frame).length).toBeLessThan(frameBytesMax);
        }
      }),
      { numRuns: 100 },
    );
  });
});
