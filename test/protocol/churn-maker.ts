/*
 * A program in which things come into a map and go again, of which a few hundred are there at a time; it prints how many
 * bytes were put among what is old.
 *
 * Argument: `Map` or `ChurnMap`. Run with --expose-gc.
 */
import { ChurnMap } from '../../protocol/churn-map.ts';
import { sumOldGrowth } from '../kit/old-space.ts';

const map: Map<number, object> = process.argv[2] === 'Map' ? new Map() : new ChurnMap();
const livingCount = 256;

let next = 0;
let walked = 0;
for (; next < livingCount; next += 1) map.set(next, make(next));
// The table as it is now is old from here on.
(globalThis as unknown as { gc(): void }).gc();
process.stdout.write(String(await sumOldGrowth(1500, churn)));
if (walked === 0) throw new Error('nobody went through it');

/** A hundred come, and as many go. Walks that are over must not keep the map from being made anew. */
function churn(): void {
  for (let count = 0; count < 100; count += 1) {
    map.set(next, make(next));
    map.delete(next - livingCount);
    next += 1;
  }
  for (const _one of map) break;
  map.forEach(() => {
    walked += 1;
  });
}

function make(count: number): object {
  return Array.from({ length: 40 }, (_, at) => ({ at, count }));
}
