/*
 * The guard before a link over stdio: what it passes, whatever the pieces in which bytes come.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameBytesMax } from '../../../protocol/limits.ts';
import { StdioGuard, stdioMark } from '../../../protocol/transports/stdio-guard.ts';

/** A message as secret-stream writes it: its length in three bytes, then itself. */
function encodeMessage(size: number): Buffer {
  const message = Buffer.alloc(3 + size, 7);
  message.writeUIntLE(size, 0, 3);
  return message;
}

function pushAll(guard: StdioGuard, bytes: Buffer, cuts: readonly number[]): Buffer {
  const passed: Uint8Array[] = [];
  let from = 0;
  for (const cut of [...cuts.map((at) => at % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  )) {
    passed.push(Uint8Array.from(guard.push(bytes.subarray(from, cut))));
    from = cut;
  }
  return Buffer.concat(passed);
}

test('stdio guard: bytes pass whole and unchanged, however they are cut', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 12 });
  const cuts = fc.array(fc.nat(), { maxLength: 20 });
  fc.assert(
    fc.property(sizes, cuts, fc.string(), (all, at, preamble) => {
      const own = Buffer.concat(all.map(encodeMessage));
      const guard = new StdioGuard('begins-with-mark');
      const bytes = Buffer.concat([Buffer.from(preamble), stdioMark, own]);
      expect(pushAll(guard, bytes, at).equals(own)).toBe(true);
      expect(guard.hasBegun).toBe(true);
    }),
  );
});

test('stdio guard: only what a handshake needs is let through at first, and a frame after it', () => {
  const opening = Buffer.concat([encodeMessage(512), encodeMessage(512)]);
  const largest = encodeMessage(frameBytesMax + 17);
  const guard = new StdioGuard('is-bare');
  expect(guard.push(opening)).toHaveLength(opening.length);
  expect(guard.push(largest)).toHaveLength(largest.length);
  expect(() => guard.push(encodeMessage(frameBytesMax + 18).subarray(0, 3))).toThrow('over');
  expect(() => new StdioGuard('is-bare').push(encodeMessage(513).subarray(0, 3))).toThrow('over');
});

test('stdio guard: before the mark nothing is passed, and what came is kept for people', () => {
  const guard = new StdioGuard('begins-with-mark');
  expect(guard.push(Buffer.from('bash: odally: command not found'))).toHaveLength(0);
  expect(guard.hasBegun).toBe(false);
  expect(guard.skipped).toBe('bash: odally: command not found');
});
