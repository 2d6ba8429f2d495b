/*
 * A window of lines around a cut: so many before it, so many after, bounded in bytes.
 *
 * Filtered, it holds the lines that are hits and those near one. Which lines those are depends on the
 * log alone, never on where the window begins: lines that are not decided yet, because a hit may be
 * just beyond what was read, are left to the next window. One that had to read too much for a few
 * hits is given as it is. Invariant: `begin` and `end` are cuts; windows read on from `end` and back
 * from `begin` give every line once.
 */
import {
  batchReadsMax,
  filteredBytesMax,
  lineReadBytes,
  testedLinesMax,
  windowBytesMax,
} from './limits.ts';
import type { TextPlan } from './line-cutter.ts';
import type { ReadableLog } from './line-reader.ts';
import { type Cut, type Direction, type MergedLine, MergedReader } from './merge.ts';
import { NearHits, type WindowLine } from './near-hits.ts';
import type { Tester } from './tester.ts';

/** What only some lines are wanted of. */
export interface LineFilter {
  readonly tester: Tester;
  readonly contextLines: number;
}

/** What is asked for. */
export interface WindowPlan {
  readonly logs: readonly ReadableLog[];
  readonly at: Cut;
  readonly before: number;
  readonly after: number;
  readonly text: TextPlan;
  readonly filter?: LineFilter | undefined;
  readonly rest: () => Promise<void>;
}

/** What was found. */
export interface LineWindow {
  readonly lines: readonly WindowLine[];
  readonly begin: Cut;
  readonly end: Cut;
  /** Nothing that would be shown lies before it, or after it, for now. */
  readonly isStart: boolean;
  readonly isEnd: boolean;
}

/** Reads the window. Errors: STORE_IO, SEARCH_SLOW. */
export async function readWindow(plan: WindowPlan): Promise<LineWindow> {
  const older = await readOneWay(plan, 'back', plan.before);
  const newer = await readOneWay(plan, 'on', plan.after);
  return {
    lines: [...older.lines.toReversed(), ...newer.lines],
    begin: older.cut,
    end: newer.cut,
    isStart: older.isLast,
    isEnd: newer.isLast,
  };
}

interface Half {
  readonly lines: readonly WindowLine[];
  readonly cut: Cut;
  readonly isLast: boolean;
}

async function readOneWay(plan: WindowPlan, direction: Direction, count: number): Promise<Half> {
  const half = new HalfWindow(plan, direction);
  if (count === 0) return half.finish({ isLast: false });
  await half.readNear();
  const { logs, at, text, rest } = plan;
  const reader = new MergedReader({ logs, from: at, direction, text, rest });
  for (;;) {
    const batch = await takeBatch(reader, testedLinesMax);
    if (batch === undefined) return half.finish({ isLast: true });
    await half.take(batch, count);
    if (half.isFull(count) || reader.readBytes > filteredBytesMax) {
      return half.finish({ isLast: false });
    }
    await rest();
  }
}

/**
 * Up to `count` lines; fewer where more would have to be read first, none where much was read that
 * has none. Undefined at the end.
 */
export async function takeBatch(
  reader: MergedReader,
  count: number,
): Promise<readonly MergedLine[] | undefined> {
  const lines: MergedLine[] = [];
  for (let readsLeft = batchReadsMax; lines.length < count; ) {
    const line = reader.take();
    if (line !== undefined) {
      lines.push(line);
      continue;
    }
    if (lines.length > 0 || readsLeft === 0) return lines;
    if (!(await reader.fill())) return undefined;
    readsLeft -= 1;
  }
  return lines;
}

/** One side of a window in the making: lines in the order of the read. */
class HalfWindow {
  readonly #plan: WindowPlan;
  readonly #direction: Direction;
  readonly #lines: WindowLine[] = [];
  readonly #cut: number[];
  readonly #near: NearHits;
  #bytes = 0;

  constructor(plan: WindowPlan, direction: Direction) {
    this.#plan = plan;
    this.#direction = direction;
    this.#cut = [...plan.at];
    this.#near = new NearHits(plan.filter?.contextLines ?? 0);
  }

  isFull(count: number): boolean {
    return this.#lines.length >= count || this.#bytes >= windowBytesMax;
  }

  /** Looks for a hit just on the other side of the cut, whose context reaches over it. */
  async readNear(): Promise<void> {
    const { logs, at, text, rest, filter } = this.#plan;
    const contextLines = filter?.contextLines ?? 0;
    if (filter === undefined || contextLines === 0) return;
    const direction = this.#direction === 'on' ? 'back' : 'on';
    const reader = new MergedReader({ logs, from: at, direction, text, rest });
    const lines: MergedLine[] = [];
    while (lines.length < contextLines) {
      const batch = await takeBatch(reader, contextLines - lines.length);
      if (batch === undefined) break;
      lines.push(...batch);
    }
    const nearest = (await filter.tester.test(lines)).indexOf(true);
    if (nearest >= 0) this.#near.follow(nearest + 1);
  }

  /** Takes lines until it is full; those that are left over stay beyond its cut. */
  async take(batch: readonly MergedLine[], count: number): Promise<void> {
    const { filter } = this.#plan;
    const hits = await filter?.tester.test(batch);
    for (const [index, line] of batch.entries()) {
      if (this.isFull(count)) return;
      if (filter === undefined) {
        this.#show({ ...line, isContext: false });
        continue;
      }
      const { shown, passed } = this.#near.take(line, { isHit: hits?.[index] === true });
      if (passed !== undefined) this.#pass(passed);
      for (const near of shown) this.#show(near);
    }
  }

  finish({ isLast }: { readonly isLast: boolean }): Half {
    // At the end nothing can want them any more.
    if (isLast) for (const line of this.#near.undecided) this.#pass(line);
    return { lines: this.#lines, cut: this.#cut, isLast };
  }

  #show(line: WindowLine): void {
    this.#lines.push(line);
    this.#bytes += line.text.length;
    this.#pass(line);
  }

  /** The window reaches over this line. */
  #pass({ log, offset }: MergedLine): void {
    this.#cut[log] = this.#direction === 'on' ? offset + 1 : offset;
  }
}

/** The first cut whose lines were written at this instant or later. */
export async function seekInstant(
  logs: readonly ReadableLog[],
  at: number,
  rest: () => Promise<void>,
): Promise<Cut> {
  const cut: number[] = [];
  for (const log of logs) cut.push(await seekOne(log, { at, rest }));
  return cut;
}

async function seekOne(
  log: ReadableLog,
  { at, rest }: { readonly at: number; readonly rest: () => Promise<void> },
): Promise<number> {
  let low = 0;
  let high = (await log.read(0, 1)).end;
  while (high - low > lineReadBytes) {
    const middle = Math.floor((low + high) / 2);
    const { records } = await log.read(middle, 1);
    if ((records[0]?.at ?? Number.POSITIVE_INFINITY) < at) low = middle;
    else high = middle;
  }
  const text: TextPlan = { keeps: 'part', skipBytes: 0, bytesMax: 0 };
  const reader = new MergedReader({ logs: [log], from: [low], direction: 'on', text, rest });
  for (;;) {
    const batch = await takeBatch(reader, testedLinesMax);
    if (batch === undefined) return (await log.read(0, 1)).end;
    const found = batch.find((line) => line.at >= at && line.stream !== 'gap');
    if (found !== undefined) return found.offset;
  }
}
