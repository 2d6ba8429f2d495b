/*
 * A program that lets things live for a while and drops them, and prints what V8 took for the short-lived.
 *
 * Arguments: the bound in bytes, or `none`; and `taken-back` where V8 is to take the room back in the middle, as it
 * does from a program that does little. What it keeps at a time would make V8 give it all the room there is. While a
 * whole collection is due V8 lets it grow over its room for some turns: the printed is the median of many turns.
 */
import { Session } from 'node:inspector/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { boundHeap } from '../../protocol/heap.ts';

const [bound = 'none', middle] = process.argv.slice(2);
if (bound !== 'none') boundHeap(Number(bound));

let sizes = await work();
if (middle === 'taken-back') {
  await takeBack();
  sizes = await work();
}
process.stdout.write(String(sizes.toSorted((a, b) => a - b)[sizes.length >> 1]));

/** The sizes of the second half, turn by turn. */
async function work(): Promise<readonly number[]> {
  const seen: number[] = [];
  let kept: object[] = [];
  for (let turn = 0; turn < 4000; turn += 1) {
    for (let count = 0; count < 500; count += 1) kept.push({ turn, list: [count, { count }] });
    if (kept.length > 100_000) kept = kept.slice(50_000);
    // What looks on hears of a collection some turns later: little may be made in each.
    await new Promise((resolve) => setImmediate(resolve));
    if (turn >= 2000) seen.push(measureYoung());
  }
  return seen;
}

async function takeBack(): Promise<void> {
  const before = measureYoung();
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.collectGarbage');
  session.disconnect();
  if (measureYoung() * 4 > before) throw new Error('V8 has taken nothing back');
}

function measureYoung(): number {
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  return young?.space_size ?? 0;
}
