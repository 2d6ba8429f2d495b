/*
 * Which lines a filter shows: hits, and so many lines before and after each.
 *
 * Lines come one by one, in either direction. One that no hit has wanted yet stays undecided as long
 * as a hit may come near enough; who stops in between leaves those to the next read. Pure.
 */
import type { MergedLine } from './merge.ts';

/** A line that is shown; `isContext` where it is no hit but near one. */
export interface WindowLine extends MergedLine {
  readonly isContext: boolean;
}

/** What one more line decided: lines to show, in order, and one that no hit can want any more. */
export interface NearDecision {
  readonly shown: readonly WindowLine[];
  readonly passed: MergedLine | undefined;
}

/** Decides line by line. */
export class NearHits {
  readonly #contextLines: number;
  #undecided: MergedLine[] = [];
  /** Lines since the latest hit, itself included; endless when there was none. */
  #sinceHit = Number.POSITIVE_INFINITY;

  constructor(contextLines: number) {
    this.#contextLines = contextLines;
  }

  /** Lines that a hit further on may still want, in order. */
  get undecided(): readonly MergedLine[] {
    return this.#undecided;
  }

  /** The first line will come so many lines after a hit. */
  follow(lineCount: number): void {
    this.#sinceHit = lineCount;
  }

  /** Takes the next line. */
  take(line: MergedLine, { isHit }: { readonly isHit: boolean }): NearDecision {
    if (isHit) {
      const near = this.#undecided.map((each) => ({ ...each, isContext: true }));
      this.#undecided = [];
      this.#sinceHit = 1;
      return { shown: [...near, { ...line, isContext: false }], passed: undefined };
    }
    if (this.#sinceHit <= this.#contextLines) {
      this.#sinceHit += 1;
      return { shown: [{ ...line, isContext: true }], passed: undefined };
    }
    this.#undecided.push(line);
    const isOver = this.#undecided.length > this.#contextLines;
    return { shown: [], passed: isOver ? this.#undecided.shift() : undefined };
  }
}
