/*
 * How much room V8 takes before it collects, bounded for programs that are up for weeks.
 *
 * On a box with much memory V8 lets what is short-lived fill 128 MiB and what is old grow to four times what lives before it
 * collects either, and gives little of it back. Buffers, which lie beside the heap, are looked through when they are twice the
 * most that the short-lived part may be; a whole collection, at a hundred times the cost, is due before. It only sets flags of
 * V8, for the whole process and for good. Source: V8 flag definitions (semi_space_growth_factor, heap_growing_percent,
 * scavenger_max_new_space_capacity_mb, allocation_site_pretenuring), read at each growth, buffer and collection, so that they
 * hold however the program was started; heap.cc, AllocateExternalBackingStore.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { youngBufferBytesMax } from './limits.ts';

/** Bytes of buffers for each unit of the flag: twice its megabytes, which count twice where pointers are of eight bytes. */
const unitBytes = 4 * 2 ** 20;

/** V8's own: by how much its room for what lives shortly grows, in a collection that much of it survived. */
const growthFactor = 2;

/**
 * Keeps the heap within twice what lives and about `youngBytesMax` for what is short-lived: 0 for what V8 begins with,
 * which costs more collections. All is taken for short-lived until it has lived. For good: it goes on watching, a turn or
 * two behind V8, which may double its room once more meanwhile.
 */
export function boundHeap(youngBytesMax: number): void {
  setFlagsFromString('--heap-growing-percent=100');
  // V8 remembers of a line of code that what it made lived long, and puts that among the old at once. One whole collection
  // amid much work makes it think so of all that a job is made of; the old keeps what it points to, and the next is soon due.
  setFlagsFromString('--no-allocation-site-pretenuring');
  setFlagsFromString(`--scavenger-max-new-space-capacity-mb=${youngBufferBytesMax / unitBytes}`);
  let mayGrow = true;
  const decide = () => {
    // Of any size that V8 took it back to, doubling must not lead over the bound.
    const hasRoom = measureYoung() * growthFactor <= youngBytesMax;
    if (hasRoom === mayGrow) return;
    mayGrow = hasRoom;
    setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? growthFactor : 1}`);
  };
  decide();
  if (youngBytesMax === 0) return;
  // It grows in collections alone. V8 takes room back from a program that does little, and one that
  // could not grow again would let all that lives for a second become old.
  new PerformanceObserver(decide).observe({ entryTypes: ['gc'] });
}

function measureYoung(): number {
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  return young?.space_size ?? 0;
}
