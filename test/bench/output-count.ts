/*
 * Counts what a program writes to its terminal: bytes, frames, and how often it cleared the screen.
 *
 * A frame is a synchronised update (DEC private mode 2026). A clear is any erasure of the whole screen
 * or of its scrollback, or a reset. Sequences may be torn between two pieces of output anywhere.
 */

/** Counts so far. */
export interface OutputSum {
  readonly bytes: number;
  readonly frames: number;
  readonly clears: number;
}

const frame = /\x1b\[\?2026h/g;
const clear = /\x1b\[[23]J|\x1bc/g;
// One less than the longest sequence: what is held back holds no whole one.
const tailChars = '\x1b[?2026h'.length - 1;

/** Takes output piece by piece. */
export class OutputCount {
  #sum: OutputSum = { bytes: 0, frames: 0, clears: 0 };
  #tail = '';

  get sum(): OutputSum {
    return this.#sum;
  }

  take(output: string): void {
    const text = this.#tail + output;
    const cut = Math.max(0, text.length - tailChars);
    // What begins before the cut is counted now; what begins after it comes again.
    const count = (pattern: RegExp) =>
      [...text.matchAll(pattern)].filter(({ index }) => index < cut).length;
    this.#sum = {
      bytes: this.#sum.bytes + Buffer.byteLength(output),
      frames: this.#sum.frames + count(frame),
      clears: this.#sum.clears + count(clear),
    };
    this.#tail = text.slice(cut);
  }
}
