/*
 * A program that lets things live for a while and drops them, and prints what V8 took for the short-lived.
 *
 * Argument: the bound in bytes, or `none`. What it keeps at a time would make V8 give it all the room there is.
 */
import { getHeapSpaceStatistics } from 'node:v8';
import { boundHeap } from '../../protocol/heap.ts';

const [bound = 'none'] = process.argv.slice(2);
if (bound !== 'none') boundHeap(Number(bound));

let kept: object[] = [];
for (let turn = 0; turn < 400; turn += 1) {
  for (let count = 0; count < 5000; count += 1) kept.push({ turn, list: [count, { count }] });
  if (kept.length > 100_000) kept = kept.slice(50_000);
  // What looks on hears of a collection in a turn of its own.
  await new Promise((resolve) => setImmediate(resolve));
}
const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
process.stdout.write(String(young?.space_size ?? 0));
