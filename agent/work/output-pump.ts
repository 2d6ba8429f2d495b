/*
 * Carries a command's output from its two pipes to whoever takes it.
 *
 * Invariant: bytes are handed over in the order in which they arrived here, one piece at a time, and
 * none is dropped or split into lines. When the taker is slower than the command, at most
 * `queueBytesMax` wait here and the pipes fill up, so the command itself is slowed. Two pipes have no
 * common order in the kernel: what stood in both before either was read comes one pipe after the other.
 */
import type { Readable } from 'node:stream';
import type { LogStream } from '../../protocol/model.ts';
import { joinBytesMax, queueBytesMax, takeBytesMax } from './limits.ts';
import type { TakeOutput } from './work.ts';

interface Piece {
  readonly stream: LogStream;
  readonly bytes: Uint8Array;
}

interface PumpOptions {
  readonly sources: Readonly<Record<LogStream, Readable>>;
  readonly take: TakeOutput;
  /** Called once when `take` rejects; all further output is thrown away. */
  readonly onRefused: () => void;
}

/** Opens at once; closes by itself when both pipes have ended, or by `close`. */
export class OutputPump {
  /** Resolves when both pipes have ended; some output may still wait to be taken. */
  readonly ended: Promise<void>;
  /** Resolves when both pipes have ended and everything was taken. Never rejects. */
  readonly finished: Promise<void>;
  readonly #options: PumpOptions;
  readonly #queue: Piece[] = [];
  #queuedBytes = 0;
  #arrivedBytes = 0;
  #isRefused = false;
  #taking: Promise<void> | undefined;

  constructor(options: PumpOptions) {
    this.#options = options;
    const { stdout, stderr } = options.sources;
    this.ended = Promise.all([this.#open('stdout', stdout), this.#open('stderr', stderr)]).then(
      () => undefined,
    );
    this.finished = this.ended.then(() => this.#taking);
  }

  /** Bytes that have come out of the pipes so far. */
  get arrivedBytes(): number {
    return this.#arrivedBytes;
  }

  /** Is there nothing that waits to be taken? */
  get isIdle(): boolean {
    return this.#taking === undefined;
  }

  /** Stops reading, whoever may still hold the pipes open. What was read is still taken. */
  close(): void {
    for (const source of Object.values(this.#options.sources)) source.destroy();
  }

  #open(stream: LogStream, source: Readable): Promise<void> {
    source.on('data', (bytes: Uint8Array) => this.#arrive(stream, bytes));
    // A pipe that cannot be read has ended: `close` follows every error.
    source.on('error', () => source.destroy());
    return new Promise((resolve) => {
      source.once('close', resolve);
    });
  }

  #arrive(stream: LogStream, bytes: Uint8Array): void {
    this.#arrivedBytes += bytes.length;
    if (this.#isRefused) return;
    this.#queue.push({ stream, bytes });
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes >= queueBytesMax) this.#eachSource((source) => source.pause());
    this.#taking ??= this.#takeAll();
  }

  async #takeAll(): Promise<void> {
    // Bounded by the queue: it ends as soon as the taker has caught up with the command.
    for (let piece = this.#shift(); piece !== undefined; piece = this.#shift()) {
      try {
        await this.#options.take(piece.stream, piece.bytes);
      } catch {
        this.#refuse();
      }
    }
    this.#taking = undefined;
  }

  /** The taker is broken for good; the command must not block on it for ever. */
  #refuse(): void {
    this.#isRefused = true;
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#eachSource((source) => source.resume());
    this.#options.onRefused();
  }

  /** The next piece: neighbours from one pipe are joined, so that many small writes cost one take. */
  #shift(): Piece | undefined {
    const first = this.#queue[0];
    if (first === undefined) return undefined;
    const parts: Uint8Array[] = [];
    let room = takeBytesMax;
    for (
      let next = this.#queue[0];
      next?.stream === first.stream && room > 0 && isJoined(parts.at(-1), next.bytes, room);
      next = this.#queue[0]
    ) {
      const part = next.bytes.subarray(0, room);
      parts.push(part);
      room -= part.length;
      if (part.length === next.bytes.length) this.#queue.shift();
      else this.#queue[0] = { stream: next.stream, bytes: next.bytes.subarray(part.length) };
    }
    this.#queuedBytes -= takeBytesMax - room;
    if (this.#queuedBytes < queueBytesMax) this.#eachSource((source) => source.resume());
    return { stream: first.stream, bytes: joinParts(parts) };
  }

  #eachSource(act: (source: Readable) => void): void {
    for (const source of Object.values(this.#options.sources)) act(source);
  }
}

/** Does a part go into the piece? What lies elsewhere has to be copied, which a large piece is not worth. */
function isJoined(last: Uint8Array | undefined, part: Uint8Array, room: number): boolean {
  return last === undefined || isNext(last, part) || takeBytesMax - room < joinBytesMax;
}

/** Does a part lie in memory right behind the one before? */
function isNext(before: Uint8Array, part: Uint8Array): boolean {
  return part.buffer === before.buffer && part.byteOffset === before.byteOffset + before.byteLength;
}

/** The parts as one: as they lie in memory where each follows the one before, else a copy. */
function joinParts(parts: readonly Uint8Array[]): Uint8Array {
  const [first, ...others] = parts;
  if (first === undefined || others.length === 0) return first ?? new Uint8Array();
  const isWhole = others.every((part, index) => isNext(parts[index] ?? first, part));
  if (!isWhole) return Buffer.concat(parts);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return new Uint8Array(first.buffer, first.byteOffset, length);
}
