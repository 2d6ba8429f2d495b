/*
 * The bound of V8's room for what lives shortly, and what buffers then cost, in programs of their own.
 */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { youngHeapBytesMax } from '../../protocol/limits.ts';

const bufferMaker = fileURLToPath(new URL('buffer-maker.ts', import.meta.url));
const maker = fileURLToPath(new URL('heap-maker.ts', import.meta.url));

async function measureYoung(bound: number | 'none'): Promise<number> {
  // As on a box with much memory, whatever this one has.
  const flags = ['--no-warnings', '--max-semi-space-size=64'];
  const { stdout } = await execa(process.execPath, [...flags, maker, String(bound)]);
  return Number(stdout);
}

test('heap: what lives shortly gets no more room than it was bound to', async () => {
  const [free, bounded, least] = await Promise.all([
    measureYoung('none'),
    measureYoung(youngHeapBytesMax),
    measureYoung(0),
  ]);
  expect(free).toBeGreaterThan(youngHeapBytesMax);
  expect(bounded).toBeLessThanOrEqual(youngHeapBytesMax);
  expect(least).toBeLessThan(youngHeapBytesMax / 2);
});

test('heap: a gigabyte of buffers that are soon dropped has the whole collected three times at most', async () => {
  // Ten to twelve times where the heap is not bound so. What lives is looked through as it grows.
  const { stdout } = await execa(process.execPath, ['--no-warnings', bufferMaker]);
  expect(Number(stdout)).toBeLessThanOrEqual(3);
});
