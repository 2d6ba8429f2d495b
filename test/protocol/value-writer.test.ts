/*
 * Our writer of msgpack against msgpackr: the same bytes, whatever the value.
 */
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { writeKept, writeLent } from '../../protocol/value-writer.ts';

const packr = new Packr({
  useRecords: false,
  encodeUndefinedAsNil: true,
  moreTypes: false,
  structuredClone: false,
  skipValues: [undefined],
  int64AsType: 'number',
} as ConstructorParameters<typeof Packr>[0]);

const lengths = [0, 1, 15, 16, 31, 32, 63, 64, 255, 256, 65_535, 65_536];
const edges = [
  0,
  0x20,
  0x7f,
  0x80,
  0xff,
  0x100,
  0x7fff,
  0x8000,
  0xffff,
  0x1_0000,
  2 ** 31,
  2 ** 32,
];

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'binary-ascii', maxLength: 300 }),
  // Halves of pairs, alone and in the wrong order.
  fc
    .array(fc.constantFrom('\ud83d', '\ude00', 'é', 'a', '€'), { maxLength: 90 })
    .map((all) => all.join('')),
);
const scalar = fc.oneof(
  text,
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.uint8Array({ maxLength: 300 }),
);
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(text, tie('value'), { maxKeys: 20, noNullPrototype: true }),
  ),
}));

function hex(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? 'nothing' : Buffer.from(bytes).toString('hex');
}

function expectSame(value: unknown): void {
  const wanted = hex(packr.pack(value));
  expect(hex(writeKept(value))).toBe(wanted);
  expect(hex(writeLent(value))).toBe(wanted);
}

describe('value writer', () => {
  test('value writer: any value has the bytes that msgpackr gives it', () => {
    fc.assert(
      fc.property(anyValue, (value) => expectSame(value)),
      { numRuns: 1000 },
    );
  });

  test('value writer: sizes at which a head changes have the same heads', () => {
    for (const length of lengths) {
      expectSame('x'.repeat(length));
      expectSame('é'.repeat(length));
      expectSame(new Uint8Array(length));
      expectSame(Array.from({ length }, (_, n) => n));
      expectSame(Object.fromEntries(Array.from({ length }, (_, n) => [`k${n}`, n])));
    }
    for (const edge of edges.flatMap((one) => [one - 1, one, one + 1])) {
      expectSame([edge, 0 - edge, edge + 0.5]);
    }
  });

  test('value writer: what was kept stays as it is, however much is written after it', () => {
    const values = Array.from({ length: 3000 }, (_, n) => ({ n, text: 'y'.repeat(n % 700) }));
    const kept = values.map((value) => writeKept(value));
    writeLent('z'.repeat(200_000));
    writeKept('z'.repeat(200_000));
    expect(kept.map(hex)).toEqual(values.map((value) => hex(packr.pack(value))));
  });

  test('value writer: what only msgpackr writes is left to it, and harms nothing that follows', () => {
    for (const strange of [new Map([['a', 1]]), new Date(0), () => 1, 10n, Symbol('s')]) {
      expect(writeKept({ a: 1, strange: [strange] })).toBeUndefined();
      expect(writeLent([strange])).toBeUndefined();
      expectSame({ a: 1 });
    }
  });
});
