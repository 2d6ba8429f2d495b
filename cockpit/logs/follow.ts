/*
 * Lines as they are written, of several logs at once.
 *
 * It reads what is there, waits until any log may have more, and goes on, until all of them are
 * whole. Lines that came in one go are merged by their instants. A line without an end is given as it
 * grows where that is wanted, else only when it has ended. Who is too slow is taken to the end, and
 * told what was skipped.
 */
import { followBytesMax, testedLinesMax } from './limits.ts';
import type { TextPlan } from './line-cutter.ts';
import type { ReadableLog } from './line-reader.ts';
import { type Cut, type MergedLine, MergedReader } from './merge.ts';
import { NearHits, type WindowLine } from './near-hits.ts';
import type { LineFilter } from './window.ts';
import { takeBatch } from './window.ts';

/** A log that may grow. */
export interface GrowingLog extends ReadableLog {
  findEnd(): Promise<number>;
  /** For one who has read up to `offset`: true when no more can come, else waits until it may have. */
  isWhole(offset: number): Promise<boolean>;
}

/** Lines since the time before; `skippedBytes` were left out before them. */
export interface Growth {
  readonly lines: readonly WindowLine[];
  readonly skippedBytes: number;
}

/** What is followed. */
export interface FollowPlan {
  readonly logs: readonly GrowingLog[];
  readonly from: Cut;
  readonly text: TextPlan;
  readonly filter?: LineFilter | undefined;
  readonly rest: () => Promise<void>;
  /** Stops when all that is there was given, or goes on until all logs are whole. */
  readonly until: 'what-is-there' | 'the-end';
  /** Are lines given that have not ended, and is one who is slow taken to the end? */
  readonly isLive: boolean;
  /** Gives lines away; false when nobody listens any more. */
  readonly say: (growth: Growth) => Promise<boolean>;
}

/** Follows. Errors: STORE_IO, SEARCH_SLOW. */
export async function followLines(plan: FollowPlan): Promise<void> {
  const follower = new Follower(plan);
  const waits = new Map<number, Promise<{ readonly log: number; readonly isWhole: boolean }>>();
  const wait = (log: number) => {
    const whole = plan.logs[log]?.isWhole(follower.findPosition(log)) ?? Promise.resolve(true);
    waits.set(
      log,
      whole.then((isWhole) => ({ log, isWhole })),
    );
  };
  if (!(await follower.giveWhatIsThere())) return;
  if (plan.until === 'the-end') {
    for (const log of plan.logs.keys()) wait(log);
  }
  while (waits.size > 0) {
    const { log, isWhole } = await Promise.race(waits.values());
    waits.delete(log);
    if (!(await follower.giveWhatIsThere())) break;
    if (!isWhole) wait(log);
  }
  await follower.giveOpen();
  // What still waits belongs to logs that nobody listens to any more.
  await Promise.allSettled(waits.values());
}

class Follower {
  readonly #plan: FollowPlan;
  readonly #reader: MergedReader;
  readonly #near: NearHits;
  /** Of lines without an end: how long each was when it was given. */
  #given = new Map<string, number>();
  #skippedBytes = 0;

  constructor(plan: FollowPlan) {
    const { logs, from, text, rest, filter } = plan;
    this.#plan = plan;
    this.#reader = new MergedReader({ logs, from, direction: 'on', text, rest, open: 'held' });
    this.#near = new NearHits(filter?.contextLines ?? 0);
  }

  findPosition(log: number): number {
    return this.#reader.findPosition(log);
  }

  /** False when nobody listens any more. */
  async giveWhatIsThere(): Promise<boolean> {
    if (this.#plan.isLive) await this.#skipTooMuch();
    this.#reader.resume();
    for (;;) {
      const batch = await takeBatch(this.#reader, testedLinesMax);
      if (batch === undefined) break;
      if (!(await this.#give(await this.#filter(batch)))) return false;
      await this.#plan.rest();
    }
    return this.#plan.isLive ? this.#giveGrown() : true;
  }

  /** At the very end: lines that will never have one. */
  async giveOpen(): Promise<void> {
    if (this.#plan.isLive) return;
    const open = this.#reader.peekOpen().toSorted((a, b) => a.at - b.at);
    await this.#give(await this.#filter(open));
  }

  async #giveGrown(): Promise<boolean> {
    const open = this.#reader.peekOpen().filter(({ isOpen }) => isOpen);
    const lengths = new Map(open.map((line) => [`${line.log} ${line.offset}`, line.bytes]));
    const grown = open.filter(
      ({ log, offset, bytes }) => this.#given.get(`${log} ${offset}`) !== bytes,
    );
    this.#given = lengths;
    return this.#give(grown.map((line) => ({ ...line, isContext: false })));
  }

  async #skipTooMuch(): Promise<void> {
    for (const [log, growing] of this.#plan.logs.entries()) {
      const position = this.#reader.findPosition(log);
      const end = await growing.findEnd();
      if (end - position <= followBytesMax) continue;
      const from = end - followBytesMax / 8;
      this.#skippedBytes += from - position;
      this.#reader.restart(log, from);
    }
  }

  async #filter(batch: readonly MergedLine[]): Promise<readonly WindowLine[]> {
    const { filter } = this.#plan;
    if (filter === undefined) return batch.map((line) => ({ ...line, isContext: false }));
    const hits = await filter.tester.test(batch);
    return batch.flatMap(
      (line, index) => this.#near.take(line, { isHit: hits[index] === true }).shown,
    );
  }

  async #give(lines: readonly WindowLine[]): Promise<boolean> {
    if (lines.length === 0 && this.#skippedBytes === 0) return true;
    const skippedBytes = this.#skippedBytes;
    this.#skippedBytes = 0;
    return this.#plan.say({ lines, skippedBytes });
  }
}
