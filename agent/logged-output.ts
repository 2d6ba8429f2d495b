/*
 * The output of one attempt on its way into its log: without secrets, in order, in pieces that fit.
 *
 * What the log holds is what was written after redaction, so its offsets are the only ones there are. It
 * decides neither what is secret nor what happens when the disk takes nothing. Invariant: a byte that the
 * redaction hides is written nowhere.
 */
import type { LogStream } from '../protocol/model.ts';
import type { Redaction } from '../store/redaction/redaction.ts';
import { takeBytesMax } from './work/limits.ts';
import type { TakeOutput } from './work/work.ts';

const streams = ['stdout', 'stderr'] as const satisfies readonly LogStream[];

/** Life cycle: `take` as output comes, `end` when no more will. */
export class LoggedOutput {
  readonly #redaction: Redaction;
  readonly #write: TakeOutput;

  constructor(redaction: Redaction, write: TakeOutput) {
    this.#redaction = redaction;
    this.#write = write;
  }

  readonly take: TakeOutput = (stream, bytes) =>
    this.#writePieces(stream, this.#redaction.push(stream, bytes));

  /** Writes what was held as the possible beginning of a secret. */
  async end(): Promise<void> {
    for (const stream of streams) {
      const rest = this.#redaction.flush(stream);
      if (rest.length > 0) await this.#writePieces(stream, rest);
    }
  }

  /** A label may be longer than what it hides. */
  async #writePieces(stream: LogStream, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += takeBytesMax) {
      await this.#write(stream, bytes.subarray(at, at + takeBytesMax));
    }
  }
}
