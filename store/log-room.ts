/*
 * Memory that one reader of logs uses again and again.
 *
 * Whoever copies a log reads all of it in pieces, each of which is done with when the next is read; a
 * buffer of its own for each would be garbage, and V8 collects its whole heap for every 30 MB of buffers.
 * It is the reader's, who alone knows when nothing in it is needed any more. Invariant: between two
 * `clear` no byte of it is given twice.
 */

/** Life cycle: lent to a read, and cleared before the next. */
export class LogRoom {
  readonly #sizeBytes: number;
  #memory: Buffer | undefined;
  #usedBytes = 0;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
  }

  /** Memory for so many bytes: of the room, or new where it has too little left. */
  take(bytes: number): Buffer {
    // Made at the first use: most logs are read from what is in memory already.
    this.#memory ??= Buffer.allocUnsafeSlow(this.#sizeBytes);
    if (this.#usedBytes + bytes > this.#sizeBytes) return Buffer.allocUnsafeSlow(bytes);
    this.#usedBytes += bytes;
    return this.#memory.subarray(this.#usedBytes - bytes, this.#usedBytes);
  }

  /** Nothing that was read into it is needed any more. */
  clear(): void {
    this.#usedBytes = 0;
  }
}
