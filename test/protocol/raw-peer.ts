/*
 * The other end of a link, in a test's hand: it says any bytes and remembers what it heard.
 */
import {
  type DecodedFrame,
  decodeFrame,
  encodeFrame,
  type Frame,
  type HelloFrame,
} from '../../protocol/frames.ts';
import type { Link } from '../../protocol/transports/link.ts';

/** Store ids of the two ends. */
export const ownStore = 'a'.repeat(32);
/** See `ownStore`. */
export const peerStore = 'b'.repeat(32);

/** A hello of the peer for our store. */
export function makeHello(fields: Partial<HelloFrame> = {}): HelloFrame {
  return {
    t: 'hello',
    protoMin: 1,
    protoMax: 1,
    role: 'agent',
    version: '0.0.1',
    store: peerStore,
    incarnation: 1,
    forStore: ownStore,
    received: 0,
    queued: 0,
    isOpen: false,
    wallMs: 0,
    ...fields,
  };
}

/** Speaks frames over its end of a link pair. */
export class RawPeer {
  readonly heard: DecodedFrame[] = [];
  closedBecause: string | undefined;
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
    link.open({
      frame: (bytes) => this.heard.push(decodeFrame(bytes)),
      drain: () => undefined,
      closed: (reason) => {
        this.closedBecause = reason;
      },
    });
  }

  say(frame: Frame): void {
    this.#link.send(encodeFrame(frame));
  }

  sayBytes(bytes: Uint8Array): void {
    this.#link.send(bytes);
  }

  close(): void {
    this.#link.close('gone');
  }

  /** What was heard of this kind. */
  pick<K extends Frame['t']>(kind: K): Extract<Frame, { t: K }>[] {
    return this.heard.filter((frame): frame is Extract<Frame, { t: K }> => frame.t === kind);
  }
}
