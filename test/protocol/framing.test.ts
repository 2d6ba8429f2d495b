/*
 * Frames on a byte stream: any split gives the same frames, and nothing is kept beyond the cap.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFrameDecoder, encodeFrame, type FrameBatch } from '../../protocol/framing.ts';
import { frameBytesMax } from '../../protocol/limits.ts';

function decodePieces(pieces: readonly Uint8Array[]): FrameBatch {
  const decoder = createFrameDecoder();
  const frames: Uint8Array[] = [];
  let fault: FrameBatch['fault'];
  for (const piece of pieces) {
    const batch = decoder.push(piece);
    frames.push(...batch.frames);
    fault = batch.fault;
  }
  return { frames, fault };
}

function split(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.map((cut) => cut % (stream.byteLength + 1)), stream.byteLength];
  const sorted = ends.sort((one, other) => one - other);
  return sorted.map((end, index) => stream.subarray(sorted[index - 1] ?? 0, end));
}

function header(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}

const anyFrames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 9000 }), { maxLength: 6 });
const anyCuts = fc.array(fc.nat(), { maxLength: 20 });

test('framing: any split of a stream gives the frames that went in', () => {
  void fc.assert(
    fc.property(anyFrames, anyCuts, (frames, cuts) => {
      const stream = Buffer.concat(frames.map(encodeFrame));
      expect(decodePieces(split(stream, cuts))).toEqual({ frames, fault: undefined });
    }),
    { numRuns: 100 },
  );
});

test('framing: any bytes at any split give the same frames and the same fault', () => {
  void fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), anyCuts, (bytes, cuts) => {
      expect(decodePieces(split(bytes, cuts))).toEqual(decodePieces([bytes]));
    }),
    { numRuns: 100 },
  );
});

test('framing: a stream that comes byte by byte gives its frames', () => {
  const frames = [new Uint8Array([1]), new Uint8Array(5000).fill(2), new Uint8Array([3, 4])];
  const stream = Buffer.concat(frames.map(encodeFrame));
  const pieces = Array.from(stream, (byte) => new Uint8Array([byte]));
  expect(decodePieces(pieces)).toEqual({ frames, fault: undefined });
});

test('framing: the largest frame passes and one byte more is a fault before its body', () => {
  const largest = new Uint8Array(frameBytesMax).fill(7);
  const passed = decodePieces([encodeFrame(largest)]);
  expect(passed.fault).toBeUndefined();
  expect(Buffer.compare(passed.frames[0] as Uint8Array, largest)).toBe(0);
  expect(decodePieces([header(frameBytesMax + 1)]).fault).toBe('FRAME_TOO_LARGE');
  expect(() => encodeFrame(new Uint8Array(frameBytesMax + 1))).toThrow('invariant broken');
});

test('framing: an empty frame is a fault at both ends', () => {
  expect(decodePieces([header(0)])).toEqual({ frames: [], fault: 'FRAME_INVALID' });
  expect(() => encodeFrame(new Uint8Array(0))).toThrow('invariant broken');
});

test('framing: frames before a fault are given, none after it', () => {
  const good = encodeFrame(new Uint8Array([1, 2]));
  const stream = Buffer.concat([good, header(0xffffffff), good]);
  const { frames, fault } = decodePieces([stream, good]);
  expect(frames).toEqual([new Uint8Array([1, 2])]);
  expect(fault).toBe('FRAME_TOO_LARGE');
});

test('framing: a frame given out does not change when the stream goes on', () => {
  const decoder = createFrameDecoder();
  const piece = Buffer.from(encodeFrame(new Uint8Array([1, 2, 3])));
  const [frame] = decoder.push(piece).frames;
  piece.fill(9);
  decoder.push(encodeFrame(new Uint8Array([4, 5, 6])));
  expect(frame).toEqual(new Uint8Array([1, 2, 3]));
});
