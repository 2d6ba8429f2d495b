/*
 * The tail of a log alone: what it keeps of the buffers that records are views of.
 */
import { expect, test } from 'vitest';
import { createSlice } from '../../store/log-slice.ts';
import { LogTail, TailMemory } from '../../store/log-tail.ts';

test('log tail: a small view of a large buffer is copied, whatever kind of array it is', () => {
  const tail = new LogTail(new TailMemory({ tailBytesMax: 10_000, totalBytesMax: 10_000 }));
  // As a decoder makes them, and as a pipe gives them.
  const views = [
    new Uint8Array(65_536).subarray(10, 20),
    Buffer.allocUnsafeSlow(65_536).subarray(10, 20),
  ];
  views.forEach((bytes, index) => {
    tail.append([{ offset: index * 10, stream: 'stdout', at: 0, bytes: bytes.fill(index + 1) }]);
    bytes.fill(9);
  });
  const slice = createSlice(0, 1000);
  expect(tail.read(slice)).toBe(true);
  const { records } = slice.finish(20);
  expect(records.map(({ bytes }) => [bytes[0], bytes.buffer.byteLength])).toEqual([
    [1, 10],
    [2, 10],
  ]);
});
