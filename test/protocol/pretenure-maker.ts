/*
 * A program in which all that one line makes lives for a while, and from then on is dropped at once; it prints how many
 * bytes were put among what is old in the second part.
 *
 * Argument: the bound of its heap in bytes, or `none`. V8 keeps in mind where it was made that it lived long.
 */
import { getHeapSpaceStatistics } from 'node:v8';
import { boundHeap } from '../../protocol/heap.ts';

const [bound = 'none'] = process.argv.slice(2);
if (bound !== 'none') boundHeap(Number(bound));

interface Made {
  readonly rows: readonly number[];
  readonly parts: readonly object[];
}

let kept: Made[] = [];
await work(300, 400_000);
kept = [];
process.stdout.write(String(await work(1500, 1)));

function make(count: number): Made {
  return { rows: [count, count + 1, count + 2], parts: [{ count }] };
}

/** So many turns, in which at most that many live; gives the bytes by which what is old grew, each time that it did. */
async function work(turns: number, livingMax: number): Promise<number> {
  let grown = 0;
  let before = measureOld();
  for (let turn = 0; turn < turns; turn += 1) {
    for (let count = 0; count < 5000; count += 1) {
      if (kept.length >= livingMax) kept = [];
      kept.push(make(count));
    }
    await new Promise((resolve) => setImmediate(resolve));
    const now = measureOld();
    grown += Math.max(0, now - before);
    before = now;
  }
  return grown;
}

function measureOld(): number {
  const old = getHeapSpaceStatistics().find((space) => space.space_name === 'old_space');
  return old?.space_used_size ?? 0;
}
