/*
 * Which lines are hits, for lines that come in batches.
 *
 * A long line comes in pieces; it is a hit when any of them is. What runs in the hub's loop gives it
 * back between batches. Errors: SEARCH_SLOW.
 */
import type { CutLine } from './line-cutter.ts';
import { type Pattern, readPlain, testLine } from './pattern.ts';
import type { RegexThread } from './regex-thread.ts';

/** Tests lines for one pattern. */
export class Tester {
  readonly #pattern: Pattern;
  readonly #thread: RegexThread;

  constructor(pattern: Pattern, thread: RegexThread) {
    this.#pattern = pattern;
    this.#thread = thread;
  }

  /** For each line, is it a hit? A gap never is. */
  async test(lines: readonly CutLine[]): Promise<readonly boolean[]> {
    const pattern = this.#pattern;
    const found =
      pattern.kind === 'regex'
        ? await this.#thread.test(pattern, lines.map(readPlain))
        : lines.map((line) => testLine(pattern, line));
    return found.map((isHit, index) => isHit && lines[index]?.stream !== 'gap');
  }
}
