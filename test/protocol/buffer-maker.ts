/*
 * A program that fills one buffer after the other and drops each, beside much that lives, and prints how often V8
 * collected its whole heap, which is bound as that of a hub.
 */
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { boundHeap } from '../../protocol/heap.ts';
import { youngHeapBytesMax } from '../../protocol/limits.ts';

boundHeap(youngHeapBytesMax);

let wholeCount = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { detail } = entry as typeof entry & { readonly detail: { readonly kind: number } };
    if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) wholeCount += 1;
  }
});
observer.observe({ entryTypes: ['gc'] });

const living = Array.from({ length: 200_000 }, (_, index) => ({ index, text: `number ${index}` }));
for (let count = 0; count < 4000; count += 1) {
  Buffer.allocUnsafeSlow(256 * 1024).fill(count, 0, 1);
  // What looks on hears of a collection in a turn of its own.
  if (count % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
}
await new Promise((resolve) => setImmediate(resolve));
process.stdout.write(String(living.length === 0 ? -1 : wholeCount));
