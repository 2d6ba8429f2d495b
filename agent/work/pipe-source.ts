/*
 * The reading end of a pipe as a stream whose pieces lie one after the other in few large blocks.
 *
 * Node makes a buffer of 64 KiB for every read, and V8 collects its whole heap for every 30 MB of
 * buffers. Here a block takes many reads, so that a busy job costs one for all of them and what follows
 * each other can be joined without a copy; a quiet one has a small block. Invariant: bytes that were
 * handed over are never written again.
 */
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeBlockBytesMin, pipeRoomBytesMin, takeBytesMax } from './limits.ts';

/** Takes over an open file that does not block. It is closed when it ends or is destroyed. */
export function openPipeSource(fd: number): Readable {
  const blocks = new Blocks();
  const onread = {
    buffer: () => blocks.room,
    callback(count: number) {
      // As a stream that flows does; who listens has made it flow, and pausing stops the reads.
      socket.emit('data', blocks.take(count));
      return true;
    },
  };
  const socket: Socket = new Socket({ fd, readable: true, writable: false, onread });
  return socket;
}

/** Where the next read goes. */
class Blocks {
  #sizeBytes = pipeBlockBytesMin;
  #block = Buffer.allocUnsafeSlow(this.#sizeBytes);
  #usedBytes = 0;

  /** The rest of the block, or a new one where little is left. */
  get room(): Uint8Array {
    if (this.#block.length - this.#usedBytes < pipeRoomBytesMin) {
      this.#block = Buffer.allocUnsafeSlow(this.#sizeBytes);
      this.#usedBytes = 0;
    }
    return this.#block.subarray(this.#usedBytes);
  }

  /** What was read. A read that took all the room says that there was more. */
  take(count: number): Uint8Array {
    const from = this.#usedBytes;
    this.#usedBytes += count;
    if (this.#usedBytes === this.#block.length) {
      this.#sizeBytes = Math.min(takeBytesMax, this.#sizeBytes * 8);
    }
    return this.#block.subarray(from, this.#usedBytes);
  }
}
