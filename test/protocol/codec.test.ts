/*
 * The encoding: what goes in comes out, and no bytes of a peer build anything but plain values.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeValue, elementCountMax, encodeValue } from '../../protocol/codec.ts';
import { frameDepthMax } from '../../protocol/limits.ts';

const refused = expect.objectContaining({ code: 'FRAME_INVALID' });

/** Bytes of a msgpack value, as its specification writes them. */
function raw(...bytes: readonly number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

/** Arrays in arrays, `depth` of them. */
function nest(depth: number): Uint8Array {
  return Uint8Array.from([...new Array<number>(depth).fill(0x91), 0xc0]);
}

// msgpack has no -0 integer; `__proto__` is no key that any of our shapes has.
const scalar = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.double({ noNaN: true }).map((value) => value + 0),
  fc.maxSafeInteger(),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 300 }),
);
const key = fc.string({ maxLength: 40 }).filter((text) => text !== '__proto__');
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(key, tie('value'), { maxKeys: 20, noNullPrototype: true }),
  ),
}));

describe('codec', () => {
  test('codec: a JSON-like value with byte arrays comes back equal', () => {
    void fc.assert(
      fc.property(anyValue, (value) => {
        expect(decodeValue(encodeValue(value))).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  test('codec: whole numbers up to the largest safe ones come back as numbers', () => {
    const edges = [0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 40];
    for (const edge of [...edges, Number.MAX_SAFE_INTEGER]) {
      expect(decodeValue(encodeValue([edge, 0 - edge]))).toEqual([edge, 0 - edge]);
    }
  });

  test('codec: a field that is undefined is left out', () => {
    expect(decodeValue(encodeValue({ a: undefined, b: 1 }))).toStrictEqual({ b: 1 });
  });

  test('codec: bytes decoded are copies, so the frame they came in can be reused', () => {
    const frame = encodeValue({ body: raw(1, 2, 3) });
    const value = decodeValue(frame) as { body: Uint8Array };
    frame.fill(0);
    expect([...value.body]).toEqual([1, 2, 3]);
  });

  test('codec: a key that names the prototype gives no prototype', () => {
    const bytes = raw(0x81, 0xa9, ...Buffer.from('__proto__'), 0x81, 0xa1, 0x61, 0x01);
    const value = decodeValue(bytes) as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(value.a).toBeUndefined();
  });

  test.each([
    ['extension of one byte', raw(0xd4, 0x01, 0x00)],
    ['extension with a length', raw(0xc7, 0x01, 0x01, 0x00)],
    ['timestamp, an extension', raw(0xd6, 0xff, 0, 0, 0, 0)],
    ['record of msgpackr', raw(0xd4, 0x72, 0x40)],
    ['type that is never used', raw(0xc1)],
    ['string longer than its bytes', raw(0xdb, 0xff, 0xff, 0xff, 0xff, 0x61)],
    ['bytes longer than their bytes', raw(0xc6, 0x7f, 0xff, 0xff, 0xff, 0x00)],
    ['array of four thousand million', raw(0xdd, 0xff, 0xff, 0xff, 0xff)],
    ['map of four thousand million', raw(0xdf, 0xff, 0xff, 0xff, 0xff)],
    ['length that is itself cut', raw(0xdd, 0xff)],
    ['byte left over', raw(0x01, 0x02)],
    ['nothing at all', raw()],
  ])('codec: a value is refused that is an %s', (_name, bytes) => {
    expect(() => decodeValue(bytes)).toThrow(refused);
  });

  test('codec: nesting is taken up to its limit and refused one deeper', () => {
    expect(decodeValue(nest(frameDepthMax))).toBeInstanceOf(Array);
    expect(() => decodeValue(nest(frameDepthMax + 1))).toThrow(refused);
    expect(() => decodeValue(Buffer.concat([raw(0x92, 0x01), nest(frameDepthMax)]))).toThrow(
      refused,
    );
    expect(() => decodeValue(nest(500_000))).toThrow(refused);
  });

  test('codec: elements are taken up to their limit and refused one beyond', () => {
    const list = (count: number) => encodeValue(new Array(count).fill(1));
    expect(decodeValue(list(elementCountMax - 1))).toHaveLength(elementCountMax - 1);
    expect(() => decodeValue(list(elementCountMax))).toThrow(refused);
  });

  test('codec: a value cut at any byte is refused', () => {
    const bytes = encodeValue({
      text: 'x'.repeat(40),
      list: [1, -300, 2.5, null],
      body: raw(1, 2),
    });
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeValue(bytes.subarray(0, length))).toThrow(refused);
    }
  });
});
