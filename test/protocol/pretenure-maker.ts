/*
 * A program in which all that one line makes lives for a while, and from then on is dropped at once; it prints how many
 * bytes were put among what is old in the second part.
 *
 * Argument: the bound of its heap in bytes, or `none`. V8 keeps in mind where it was made that it lived long.
 */
import { boundHeap } from '../../protocol/heap.ts';
import { sumOldGrowth } from '../kit/old-space.ts';

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
function work(turns: number, livingMax: number): Promise<number> {
  return sumOldGrowth(turns, () => {
    for (let count = 0; count < 5000; count += 1) {
      if (kept.length >= livingMax) kept = [];
      kept.push(make(count));
    }
  });
}
