/*
 * A search over whole logs: hits as they are found, and how far it has come.
 *
 * A hit is a line. It reads everything from its cut on, or back, and gives the hub's loop back all
 * the while; it ends at its count of hits, at the last line, or when nobody wants it any more.
 */
import { hitsPerItem, progressBytes, testedLinesMax } from './limits.ts';
import { type MergedLine, MergedReader, type MergePlan } from './merge.ts';
import type { Tester } from './tester.ts';
import { takeBatch } from './window.ts';

/** A line that was found. */
export interface Hit {
  readonly log: number;
  readonly offset: number;
  readonly at: number;
}

/** Hits since the item before, how many there were by now, and how much was read. */
export interface FindProgress {
  readonly hitCount: number;
  readonly hits: readonly Hit[];
  readonly readBytes: number;
}

/** What to search; `say` is given progress, and gives false when nobody listens any more. */
export interface FindPlan extends MergePlan {
  readonly tester: Tester;
  readonly hitsMax: number;
  /** So many hits are named; the rest are only counted. */
  readonly namedMax: number;
  readonly say: (progress: FindProgress) => Promise<boolean>;
}

/** How it ended: `isWhole` where everything was searched. */
export interface FindEnd {
  readonly hitCount: number;
  readonly isWhole: boolean;
}

/** Searches. Errors: STORE_IO, SEARCH_SLOW. */
export async function findLines(plan: FindPlan): Promise<FindEnd> {
  const reader = new MergedReader(plan);
  const found = new Found(plan.namedMax);
  for (;;) {
    const next = await takeBatch(reader, testedLinesMax);
    const batch = next ?? [];
    const tested = await plan.tester.test(batch);
    batch.forEach((line, index) => {
      if (tested[index] === true && found.count < plan.hitsMax) found.add(line);
    });
    const isWhole = next === undefined;
    const isLast = isWhole || found.count >= plan.hitsMax;
    const isDue =
      found.waitingCount >= hitsPerItem || reader.readBytes - found.saidBytes > progressBytes;
    if (isLast || isDue) {
      const isWanted = await plan.say(found.takeProgress(reader.readBytes));
      if (isLast || !isWanted) return { hitCount: found.count, isWhole };
    }
    await plan.rest();
  }
}

/** Hits that were found, and those of them that were not said yet. */
class Found {
  readonly #namedMax: number;
  count = 0;
  saidBytes = 0;
  #waiting: Hit[] = [];
  /** The last hit of each log: a long line comes in pieces, and is one hit. */
  readonly #last = new Map<number, number>();

  constructor(namedMax: number) {
    this.#namedMax = namedMax;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  add({ log, offset, at }: MergedLine): void {
    if (this.#last.get(log) === offset) return;
    this.#last.set(log, offset);
    if (this.count < this.#namedMax) this.#waiting.push({ log, offset, at });
    this.count += 1;
  }

  takeProgress(readBytes: number): FindProgress {
    const hits = this.#waiting;
    this.#waiting = [];
    this.saidBytes = readBytes;
    return { hits, hitCount: this.count, readBytes };
  }
}
