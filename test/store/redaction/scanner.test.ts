/*
 * Where heads may stand: at each place that a plain look at every byte finds, and at no other.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Pattern } from '../../../store/redaction/pattern.ts';
import { Scanner } from '../../../store/redaction/scanner.ts';

const heads = ['abc', 'bca', 'aab', 'cab', 'aaa', '::a'];
const patterns = heads.map(
  (head): Pattern => ({ label: head, head: Buffer.from(head), parts: [] }),
);

/** Letters of heads, in memory that begins at an even or an odd place. */
const text = fc
  .tuple(fc.string({ unit: fc.constantFrom('a', 'b', 'c', ':', 'x'), maxLength: 40 }), fc.nat(1))
  .map(([letters, shift]) => Buffer.from(`${'x'.repeat(shift)}${letters}`).subarray(shift));

/** Every place that begins a head, or at the end what may become one. */
function look(data: Uint8Array): readonly number[] {
  const rest = (at: number) => Buffer.from(data.subarray(at, at + 3)).toString();
  return [...data.keys()].filter((at) => heads.some((head) => head.startsWith(rest(at))));
}

function scan(scanner: Scanner, data: Uint8Array): readonly number[] {
  const found: number[] = [];
  for (let at = scanner.next(data, 0); at >= 0; at = scanner.next(data, at + 1)) found.push(at);
  return found;
}

test('scanner: it stops at every head and at the beginning of one at the end, and nowhere else', () => {
  const scanner = new Scanner(patterns);
  const made = new Scanner(patterns.slice(3), new Scanner(patterns.slice(0, 3)));
  fc.assert(
    fc.property(text, (data) => {
      expect(scan(scanner, data)).toEqual(look(data));
      expect(scan(made, data)).toEqual(look(data));
    }),
    { numRuns: 2000 },
  );
});
