/*
 * One Noise stream as a Link, whatever carries it: a hyperswarm connection, or bytes over stdio.
 *
 * The stream keeps message boundaries, authenticates the peer and says by itself whether it
 * lives; this adds the caps and the order of notices. UDX takes in whatever a peer sends, so what
 * comes before `open` is capped here and the rest by the session's windows. A stream without an
 * `error` handler would end the process on one bad frame, so that is attached before anything else.
 */
import type { EncryptedStream } from 'hyperdht';
import { formatKey } from '../identity.ts';
import { frameBytesMax } from '../limits.ts';
import type { PeerKey } from '../model.ts';
import type { Timers } from '../ports.ts';
import { assertFrameSize, closedByPeer, Delivery } from './delivery.ts';
import { earlyBytesMax, lingerMsMax, sendBytesMax, silenceMsMax } from './limits.ts';
import type { Carrier, Link, LinkHandlers } from './link.ts';

/** What a link over a Noise stream is made with. */
export interface NoiseLinkParts {
  /** What carries it, or how that is found out anew. */
  readonly carrier: Carrier | (() => Carrier);
  readonly timers: Timers;
  /** What the bytes below it count of themselves; absent where that is a UDX stream. */
  readonly countArrived?: () => number;
}

/** A link over an opened Noise stream, which it owns from now on. */
export class NoiseLink implements Link {
  readonly peerKey: PeerKey;
  /** Resolves when the stream under the link is gone too. */
  readonly gone: Promise<void>;
  readonly #stream: EncryptedStream;
  readonly #carrier: Carrier | (() => Carrier);
  readonly #timers: Timers;
  readonly #countArrived: () => number;
  readonly #delivery = new Delivery();
  #isFull = false;
  #fullBytes = 0;
  #heardCount = 0;

  constructor(stream: EncryptedStream, { carrier, timers, countArrived }: NoiseLinkParts) {
    stream.on('error', (error) => this.#delivery.end(nameReason(error)));
    this.peerKey = formatKey(stream.remotePublicKey);
    this.#carrier = carrier;
    this.#stream = stream;
    this.#timers = timers;
    this.#countArrived = countArrived ?? (() => stream.rawStream?.bytesReceived ?? 0);
    this.gone = new Promise((resolve) => {
      stream.on('close', () => {
        this.#delivery.end(closedByPeer);
        resolve();
      });
    });
    stream.setTimeout(silenceMsMax);
    stream.on('data', (bytes: Uint8Array) => this.#read(bytes));
    stream.on('drain', () => this.#drain());
    stream.on('end', () => this.#finish(closedByPeer));
  }

  get carrier(): Carrier {
    return typeof this.#carrier === 'function' ? this.#carrier() : this.#carrier;
  }

  get arrivedBytes(): number {
    return this.#countArrived();
  }

  /** How often something came; grows for as long as the peer lives. */
  get heardCount(): number {
    return this.#heardCount;
  }

  open(handlers: LinkHandlers): void {
    this.#delivery.open(handlers);
  }

  send(bytes: Uint8Array): 'sent' | 'full' {
    assertFrameSize(bytes);
    if (this.#delivery.isEnded) return 'sent';
    // A copy, because the stream keeps what it cannot write yet; with room to be encrypted in place.
    const own = this.#stream.alloc(bytes.byteLength);
    own.set(bytes);
    if (this.#stream.write(own)) return 'sent';
    this.#isFull = true;
    this.#fullBytes += bytes.byteLength;
    if (this.#fullBytes > sendBytesMax) this.cut('SEND_OVERFLOW');
    return 'full';
  }

  close(reason: string): void {
    if (this.#delivery.isEnded) return;
    this.#delivery.close(reason);
    this.#finish(reason);
  }

  /** Ends the link at once; what was sent and not yet written is lost. */
  cut(reason: string): void {
    this.#delivery.end(reason);
    this.#stream.destroy();
  }

  /** Ends our half after what was sent; a peer that does not end its own in time is cut. */
  #finish(reason: string): void {
    this.#delivery.end(reason);
    this.#stream.end();
    const cancel = this.#timers.after(lingerMsMax, () => this.#stream.destroy());
    this.#stream.once('close', cancel);
  }

  #read(bytes: Uint8Array): void {
    this.#heardCount += 1;
    // The stream eats signs of life; an empty frame is not one of ours.
    if (bytes.byteLength === 0) return;
    if (bytes.byteLength > frameBytesMax) return this.cut('FRAME_TOO_LARGE');
    this.#delivery.frame(ownBytes(bytes));
    const isFlooded = !this.#delivery.isOpen && this.#delivery.waitingBytes > earlyBytesMax;
    if (isFlooded) this.cut('FRAME_TOO_LARGE');
  }

  #drain(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#fullBytes = 0;
    this.#delivery.drain();
  }
}

/**
 * The stream gives a message up when it hands it over. A small one is a view of a packet's buffer,
 * which a copy lets go; a large one has a buffer for itself.
 */
function ownBytes(bytes: Uint8Array): Uint8Array {
  const isMostOfIt = bytes.byteLength * 2 > bytes.buffer.byteLength;
  return isMostOfIt
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
}

function nameReason(error: Error & { code?: string }): string {
  return error.code ?? error.message;
}
