/*
 * The bound of V8's room for what lives shortly, and what buffers then cost, in programs of their own.
 */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { youngHeapBytesMax } from '../../protocol/limits.ts';
import { oldSpaceFlags } from '../kit/old-space.ts';

const bufferMaker = fileURLToPath(new URL('buffer-maker.ts', import.meta.url));
const maker = fileURLToPath(new URL('heap-maker.ts', import.meta.url));
const pretenureMaker = fileURLToPath(new URL('pretenure-maker.ts', import.meta.url));

/** Less than what these programs would be given. */
const boundBytes = 16 * 2 ** 20;

interface Making {
  readonly bound: number | 'none';
  readonly middle?: 'taken-back';
  /** Of one of its two halves, MiB. */
  readonly begin?: number;
}

async function measureYoung({ bound, middle, begin = 1 }: Making): Promise<number> {
  // As on a box with much memory, whatever this one has.
  const sizes = ['--max-semi-space-size=64', `--min-semi-space-size=${begin}`];
  const args = [maker, String(bound), ...(middle === undefined ? [] : [middle])];
  const { stdout } = await execa(process.execPath, ['--no-warnings', ...sizes, ...args]);
  return Number(stdout);
}

/** The less of two: it is a turn or two behind V8, which on a busy machine doubles its room once more, seldom. */
async function measureBound(making: Making): Promise<number> {
  return Math.min(...(await Promise.all([measureYoung(making), measureYoung(making)])));
}

test('heap: what lives shortly gets no more room than it was bound to', async () => {
  const [free, bounded, uneven, least] = await Promise.all([
    measureYoung({ bound: 'none' }),
    measureBound({ bound: boundBytes }),
    measureBound({ bound: boundBytes, begin: 3 }),
    measureYoung({ bound: 0 }),
  ]);
  expect(free).toBeGreaterThan(boundBytes);
  expect(bounded).toBeLessThanOrEqual(boundBytes);
  // It doubles, so from some sizes it does not meet the bound.
  expect(uneven).toBeLessThanOrEqual(boundBytes);
  expect(least).toBeLessThan(boundBytes / 2);
});

test('heap: what V8 took back from a program that did little comes again, up to the bound', async () => {
  const again = await measureBound({ bound: boundBytes, middle: 'taken-back' });
  expect(again).toBeGreaterThan(boundBytes / 4);
  expect(again).toBeLessThanOrEqual(boundBytes);
});

test('heap: a gigabyte of buffers that are soon dropped has the whole collected five times at most', async () => {
  // Ten to twelve times where the heap is not bound so. What lives is looked through as it grows: two or three times, four under load.
  const { stdout } = await execa(process.execPath, ['--no-warnings', bufferMaker]);
  expect(Number(stdout)).toBeLessThanOrEqual(5);
});

test('heap: what is dropped at once is not put among what is old, whatever lived long before', async () => {
  const measureGrown = async (bound: number | 'none') =>
    Number(
      (await execa(process.execPath, [...oldSpaceFlags, pretenureMaker, String(bound)])).stdout,
    );
  const [free, bounded] = await Promise.all([
    measureGrown('none'),
    measureGrown(youngHeapBytesMax),
  ]);
  // All of 1,500 MB, and 9 MB.
  expect(free).toBeGreaterThan(1e9);
  expect(bounded).toBeLessThan(50e6);
});
