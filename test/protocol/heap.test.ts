/*
 * The bound of V8's room for what lives shortly, in a program of its own.
 */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { youngHeapBytesMax } from '../../protocol/limits.ts';

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
