/*
 * How much room V8 takes before it collects, bounded for programs that are up for weeks.
 *
 * On a box with much memory V8 lets what is short-lived fill 128 MiB and what is old grow to four times what lives
 * before it collects either, and gives little of it back; screens, hubs and agents need neither. It only sets flags of
 * V8, for the whole process and for good. Source: V8 flag definitions (semi_space_growth_factor, heap_growing_percent),
 * both read at each growth, so that they hold however the program was started.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * Keeps the heap within twice what lives and about `youngBytesMax` for what is short-lived: 0 for what V8 begins with, which
 * costs more collections.
 */
export function boundHeap(youngBytesMax: number): void {
  setFlagsFromString('--heap-growing-percent=100');
  if (isYoungAt(youngBytesMax)) return stopYoungGrowth();
  // It grows in collections alone, by doubling.
  const observer = new PerformanceObserver(() => {
    if (!isYoungAt(youngBytesMax)) return;
    observer.disconnect();
    stopYoungGrowth();
  });
  observer.observe({ entryTypes: ['gc'] });
}

function isYoungAt(bytes: number): boolean {
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  return (young?.space_size ?? 0) >= bytes;
}

function stopYoungGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
