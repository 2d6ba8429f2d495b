/*
 * A pair of links inside one process, for tests and for hub and staff in one program.
 *
 * Deterministic: no clock, no chance, delivery by microtask in the order of sending. It loses
 * nothing and delays nothing; a network that does is built elsewhere on the same contract.
 * Invariant: a side is `full` from the send that filled the buffer until its peer took it all.
 */
import type { PeerKey } from '../model.ts';
import { assertFrameSize, closedByPeer, Delivery } from './delivery.ts';
import { memoryBufferBytesMax, sendBytesMax } from './limits.ts';
import type { Link, LinkHandlers } from './link.ts';

/** Two connected links: the first belongs to the owner of `keyA` and sees `keyB`, the second the reverse. */
export function createLinkPair(keyA: PeerKey, keyB: PeerKey): readonly [Link, Link] {
  const first = new MemoryLink(keyB);
  const second = new MemoryLink(keyA);
  first.connect(second);
  second.connect(first);
  return [first, second];
}

class MemoryLink implements Link {
  readonly carrier = 'memory';
  readonly peerKey: PeerKey;
  arrivedBytes = 0;
  readonly #delivery = new Delivery();
  #peer: MemoryLink | undefined;
  #unsentBytes = 0;
  #isFull = false;

  constructor(peerKey: PeerKey) {
    this.peerKey = peerKey;
  }

  connect(peer: MemoryLink): void {
    this.#peer = peer;
  }

  open(handlers: LinkHandlers): void {
    this.#delivery.open({
      frame: (bytes) => {
        this.#peer?.noteTaken(bytes.byteLength);
        handlers.frame(bytes);
      },
      drain: () => handlers.drain(),
      closed: (reason) => handlers.closed(reason),
    });
  }

  send(bytes: Uint8Array): 'sent' | 'full' {
    assertFrameSize(bytes);
    if (this.#delivery.isEnded) return 'sent';
    this.#unsentBytes += bytes.byteLength;
    this.#peer?.receive(bytes.slice());
    if (this.#unsentBytes > sendBytesMax) this.close('SEND_OVERFLOW');
    if (this.#unsentBytes < memoryBufferBytesMax) return 'sent';
    this.#isFull = true;
    return 'full';
  }

  close(reason: string): void {
    this.#delivery.close(reason);
    this.#peer?.end();
  }

  receive(bytes: Uint8Array): void {
    this.arrivedBytes += bytes.byteLength;
    this.#delivery.frame(bytes);
  }

  noteTaken(byteCount: number): void {
    this.#unsentBytes -= byteCount;
    if (!this.#isFull || this.#unsentBytes > 0) return;
    this.#isFull = false;
    this.#delivery.drain();
  }

  end(): void {
    this.#delivery.end(closedByPeer);
  }
}
