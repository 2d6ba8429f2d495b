/*
 * Copies of byte arrays for the disks in memory, many of them in one block.
 *
 * A block for each small copy costs several times the copying, and a run of the simulator makes
 * thousands. Nobody may use the block behind a copy (`buffer`): its neighbours lie in it. Invariant:
 * bytes of a block that were given out are never given out again.
 */

/** As Node's own pool. A copy keeps its whole block, so blocks are not large. */
const blockBytes = 64 * 1024;

/** A larger one has a block for itself. */
const sharedBytesMax = 8 * 1024;

let block = new ArrayBuffer(blockBytes);
let used = 0;

/** The same bytes, which stay as they are whatever becomes of the original. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length > sharedBytesMax) return new Uint8Array(bytes);
  if (used + length > blockBytes) {
    block = new ArrayBuffer(blockBytes);
    used = 0;
  }
  const copy = new Uint8Array(block, used, length);
  copy.set(bytes);
  used += length;
  return copy;
}
