/*
 * Output as text, and as bytes where text is not all of it.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOf, LogText } from '../../../cockpit/verbs/log-text.ts';

const all = (pieces: readonly (string | Uint8Array)[]) =>
  Buffer.concat(pieces.map((piece) => Buffer.from(piece as Uint8Array)));

function read(chunks: readonly Uint8Array[]) {
  const text = new LogText();
  const pieces = chunks.map((chunk) => text.take(chunk));
  const rest = text.rest();
  return rest === undefined ? pieces : [...pieces, rest];
}

test('log text: a letter that is cut by a piece goes with the next one', () => {
  const bytes = Buffer.from('a€😀');
  expect(read([bytes.subarray(0, 2), bytes.subarray(2, 6), bytes.subarray(6)])).toEqual([
    { text: 'a' },
    { text: '€' },
    { text: '😀' },
  ]);
});

test('log text: a mark of byte order stays', () => {
  expect(read([Buffer.from('\ufeffa')])).toEqual([{ text: '\ufeffa' }]);
});

test('log text: what is no UTF-8 has its bytes beside it', () => {
  expect(read([Uint8Array.of(0x61, 0xff)])).toEqual([{ text: 'a\ufffd', base64: 'Yf8=' }]);
  expect(read([Uint8Array.of(0xe2, 0x82)])).toEqual([
    { text: '' },
    { text: '\ufffd', base64: '4oI=' },
  ]);
});

test('log text: all pieces together are the bytes that came, however they were cut', () => {
  const letters = fc.oneof(
    fc.uint8Array({ maxLength: 8 }),
    fc.string({ unit: 'grapheme', maxLength: 4 }).map((text) => Uint8Array.from(Buffer.from(text))),
  );
  const chunks = fc.array(letters, { maxLength: 12 });
  fc.assert(
    fc.property(chunks, fc.integer({ min: 1, max: 5 }), (some, size) => {
      const bytes = all(some);
      const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      );
      expect(all(read(cut).map(bytesOf)).equals(bytes)).toBe(true);
    }),
  );
});
