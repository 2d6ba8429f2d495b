/*
 * A program in which things come into a map and go again, of which a few hundred are there at a time; it prints how many
 * bytes were put among what is old.
 *
 * Argument: `Map` or `ChurnMap`. Run with --expose-gc.
 */
import { getHeapSpaceStatistics } from 'node:v8';
import { ChurnMap } from '../../protocol/churn-map.ts';

const map: Map<number, object> = process.argv[2] === 'Map' ? new Map() : new ChurnMap();
const livingCount = 256;

let next = 0;
let walked = 0;
await churn(livingCount, 0);
// The table as it is now is old from here on.
(globalThis as unknown as { gc(): void }).gc();
process.stdout.write(String(await churn(150_000, livingCount)));
if (walked === 0) throw new Error('nobody went through it');

/** So many come, and so many go from when that many are there; gives the bytes by which what is old grew, each time that it did. */
async function churn(count: number, livingMin: number): Promise<number> {
  let grown = 0;
  let before = measureOld();
  for (let done = 0; done < count; done += 1) {
    map.set(next, make(next));
    if (livingMin > 0) map.delete(next - livingMin);
    next += 1;
    if (done % 100 > 0) continue;
    // Walks that are over must not keep it from being made anew.
    for (const _one of map) break;
    map.forEach(() => {
      walked += 1;
    });
    await new Promise((resolve) => setImmediate(resolve));
    const now = measureOld();
    grown += Math.max(0, now - before);
    before = now;
  }
  return grown;
}

function make(count: number): object {
  return Array.from({ length: 40 }, (_, at) => ({ at, count }));
}

function measureOld(): number {
  const old = getHeapSpaceStatistics().find((space) => space.space_name === 'old_space');
  return old?.space_used_size ?? 0;
}
