/*
 * Frames on a byte stream: four bytes of length, big-endian, then that many bytes.
 *
 * Pure and incremental: any split of the stream gives the same frames. The length is checked before
 * a byte of the body is kept, and memory grows with what arrived, never with what was announced.
 * After a fault the stream has no next frame: the decoder stays at the fault.
 */
import { assert, type ErrorCode } from './errors.ts';
import { frameBytesMax } from './limits.ts';

const headerBytes = 4;

/** First allocation for a body; it doubles up to the announced length. */
const bodyBytesFirst = 4096;

/** The frames that some bytes completed, and the fault that follows them, if any. */
export interface FrameBatch {
  readonly frames: readonly Uint8Array[];
  /** FRAME_TOO_LARGE, or FRAME_INVALID for a frame without bytes. */
  readonly fault: ErrorCode | undefined;
}

/** Feeds on a stream, piece by piece. */
export interface FrameDecoder {
  push(bytes: Uint8Array): FrameBatch;
}

/** One frame as it goes on the stream; the bytes are copied. */
export function encodeFrame(body: Uint8Array): Uint8Array {
  assert(body.byteLength >= 1 && body.byteLength <= frameBytesMax, 'a frame is within its size');
  const framed = new Uint8Array(headerBytes + body.byteLength);
  new DataView(framed.buffer).setUint32(0, body.byteLength);
  framed.set(body, headerBytes);
  return framed;
}

/** A decoder at the start of a stream. Frames that it gives are copies and belong to the caller. */
export function createFrameDecoder(): FrameDecoder {
  const header = createFilling(headerBytes);
  let body: Filling | undefined;
  let fault: ErrorCode | undefined;

  function push(bytes: Uint8Array): FrameBatch {
    const frames: Uint8Array[] = [];
    let at = 0;
    while (at < bytes.byteLength && fault === undefined) {
      at += (body ?? header).take(bytes.subarray(at));
      if (body?.isComplete()) {
        frames.push(body.finish());
        body = undefined;
      } else if (body === undefined && header.isComplete()) {
        const length = readLength(header.finish());
        fault = judgeLength(length);
        body = createFilling(length);
      }
    }
    return { frames, fault };
  }

  return { push };
}

function readLength(header: Uint8Array): number {
  return new DataView(header.buffer, header.byteOffset, headerBytes).getUint32(0);
}

function judgeLength(length: number): ErrorCode | undefined {
  if (length > frameBytesMax) return 'FRAME_TOO_LARGE';
  return length === 0 ? 'FRAME_INVALID' : undefined;
}

/** A piece of known length that arrives bit by bit. */
interface Filling {
  /** Takes what it still needs; gives the count taken. */
  take(bytes: Uint8Array): number;
  isComplete(): boolean;
  /** The whole piece, without a copy; a next piece overwrites it. */
  finish(): Uint8Array;
}

function createFilling(length: number): Filling {
  let kept = new Uint8Array(Math.min(length, bodyBytesFirst));
  let count = 0;

  function reserve(needed: number): void {
    if (needed <= kept.byteLength) return;
    const larger = new Uint8Array(Math.min(length, Math.max(needed, kept.byteLength * 2)));
    larger.set(kept.subarray(0, count));
    kept = larger;
  }

  return {
    take(bytes) {
      const taken = bytes.subarray(0, length - count);
      reserve(count + taken.byteLength);
      kept.set(taken, count);
      count += taken.byteLength;
      return taken.byteLength;
    },
    isComplete: () => count === length,
    finish() {
      count = 0;
      return kept;
    },
  };
}
