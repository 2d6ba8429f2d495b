/*
 * What is let through of the bytes that arrive over stdio, before anything of Noise reads them.
 *
 * Two kinds of rubbish come this way: what a login shell prints before our program runs, and sizes
 * that a stranger names so that we reserve memory for them. The first is skipped up to a mark, within
 * a limit; of the second only what a handshake, and later a frame, can need is let through. Pure but
 * for its own state. Source: transport facts C (200 strangers of 4 bytes each reserved 3.4 GB).
 */
import { AppError } from '../errors.ts';
import { frameBytesMax } from '../limits.ts';
import { handshakeBytesMax, preambleBytesMax } from './limits.ts';

/** What the box prints right before the bytes of a link begin. */
export const stdioMark: Uint8Array = new TextEncoder().encode('\nodally stdio 1\n');

/** Bytes of a secret-stream message besides its content: a tag and an authenticator. */
const sealBytes = 17;

/** The length before each message. */
const headBytes = 3;

/** Messages before the first frame of ours, each way: the handshake's, and the header of the stream. */
const openingMessages = 2;

/** Passes bytes on as long as they keep to the rules. */
export class StdioGuard {
  #isMarked: boolean;
  #before: Buffer = Buffer.alloc(0);
  #messageCount = 0;
  #headCount = 0;
  #size = 0;
  #bodyLeft = 0;

  /** `begins-with-mark`: all up to the mark is skipped; `is-bare`: the link's bytes begin at once. */
  constructor(stream: 'begins-with-mark' | 'is-bare') {
    this.#isMarked = stream === 'is-bare';
  }

  /** What was skipped so far, for people: a shell that greets says here what went wrong. */
  get skipped(): string {
    return this.#before.toString('utf8');
  }

  /** Has the link itself begun? */
  get hasBegun(): boolean {
    return this.#isMarked;
  }

  /** The part of a chunk that may be read. Errors: LINK_FOREIGN, FRAME_TOO_LARGE. */
  push(chunk: Uint8Array): Uint8Array {
    const own = this.#isMarked ? chunk : this.#skip(chunk);
    this.#check(own);
    return own;
  }

  #skip(chunk: Uint8Array): Uint8Array {
    const all = Buffer.concat([this.#before, chunk]);
    const at = all.indexOf(stdioMark);
    this.#isMarked = at >= 0;
    this.#before = at < 0 ? all : all.subarray(0, at);
    if (this.#before.byteLength > preambleBytesMax) throw new AppError('LINK_FOREIGN');
    return at < 0 ? new Uint8Array(0) : all.subarray(at + stdioMark.byteLength);
  }

  /** Follows the lengths in the stream; content is not looked at. */
  #check(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.byteLength) {
      if (this.#bodyLeft > 0) {
        const taken = Math.min(this.#bodyLeft, bytes.byteLength - at);
        this.#bodyLeft -= taken;
        at += taken;
        continue;
      }
      // Little-endian.
      this.#size += (bytes[at] ?? 0) * 256 ** this.#headCount;
      this.#headCount += 1;
      at += 1;
      if (this.#headCount === headBytes) this.#beginBody();
    }
  }

  #beginBody(): void {
    const isOpening = this.#messageCount < openingMessages;
    const bytesMax = isOpening ? handshakeBytesMax : frameBytesMax + sealBytes;
    if (this.#size > bytesMax) throw new AppError('FRAME_TOO_LARGE');
    this.#bodyLeft = this.#size;
    this.#messageCount += 1;
    this.#headCount = 0;
    this.#size = 0;
  }
}
