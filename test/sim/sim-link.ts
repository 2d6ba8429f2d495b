/*
 * One end of a simulated connection.
 *
 * It keeps the link contract towards its owner and leaves what becomes of a frame to the network.
 * It acts only while its owner's incarnation does; an owner that died never hears of anything, and
 * its peer learns of that late or not at all.
 */
import type { PeerKey } from '../../protocol/model.ts';
import { sendBytesMax } from '../../protocol/transports/limits.ts';
import type { Link, LinkHandlers } from '../../protocol/transports/link.ts';
import { copyBytes } from '../../store/byte-copy.ts';
import type { Incarnation } from './incarnation.ts';

/** Towards whom frames of an end travel. */
export type Direction = 'to-hub' | 'to-agent';

/** What an end asks of the network. */
export interface Carriage {
  readonly bufferBytes: number;
  carry(from: SimLink, bytes: Uint8Array): void;
  /** The owner closed; the peer may learn of it. */
  ended(from: SimLink, reason: string): void;
  /** Calls in a turn of its own. */
  soon(run: () => void): void;
}

/** What an end is made from. `box` names the agent's box, on both ends. */
export interface SimLinkParts {
  readonly carriage: Carriage;
  readonly owner: Incarnation;
  readonly peerKey: PeerKey;
  readonly box: string;
  readonly sends: Direction;
}

/** Life cycle: `open` once, then `close` or the peer's end. */
export class SimLink implements Link {
  readonly carrier = 'memory';
  readonly peerKey: PeerKey;
  readonly owner: Incarnation;
  readonly box: string;
  readonly sends: Direction;
  arrivedBytes = 0;
  /** Frames leave and never arrive: a connection that only one side still believes in. */
  isBroken = false;
  /** Has its owner said that it is open? */
  isOpen = false;
  /** When its owner began to dial. */
  askedAt = 0;
  /** When the last frame in order arrives at the peer. */
  lastArrivalAt = 0;
  #peer: SimLink | undefined;
  readonly #carriage: Carriage;
  #handlers: LinkHandlers | undefined;
  readonly #early: Uint8Array[] = [];
  #endReason: string | undefined;
  #underWayBytes = 0;
  #isFull = false;

  constructor(parts: SimLinkParts) {
    this.#carriage = parts.carriage;
    this.owner = parts.owner;
    this.peerKey = parts.peerKey;
    this.box = parts.box;
    this.sends = parts.sends;
  }

  get isEnded(): boolean {
    return this.#endReason !== undefined;
  }

  get peer(): SimLink {
    if (this.#peer === undefined) throw new Error('a link has a peer');
    return this.#peer;
  }

  connect(peer: SimLink): void {
    this.#peer = peer;
  }

  open(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    this.#soon(() => {
      for (const bytes of this.#early.splice(0)) if (!this.isEnded) handlers.frame(bytes);
      if (this.#endReason !== undefined) this.#tellEnd(this.#endReason);
    });
  }

  send(bytes: Uint8Array): 'sent' | 'full' {
    if (this.isEnded || this.owner.isDead) return 'sent';
    this.#underWayBytes += bytes.length;
    if (this.#underWayBytes > sendBytesMax) this.close('SEND_OVERFLOW');
    else this.#carriage.carry(this, copyBytes(bytes));
    if (this.#underWayBytes < this.#carriage.bufferBytes) return 'sent';
    this.#isFull = true;
    return 'full';
  }

  close(reason: string): void {
    if (this.isEnded || this.owner.isDead) return;
    this.#endReason = reason;
    this.#soon(() => this.#tellEnd(reason));
    this.#carriage.ended(this, reason);
  }

  /** For the network: so many bytes have left the buffer. */
  noteTaken(byteCount: number): void {
    this.#underWayBytes -= byteCount;
    if (!this.#isFull || this.#underWayBytes > 0) return;
    this.#isFull = false;
    this.#soon(() => {
      if (!this.isEnded) this.#handlers?.drain();
    });
  }

  /** For the network: a frame has come. */
  deliver(bytes: Uint8Array): void {
    if (this.isEnded) return;
    this.arrivedBytes += bytes.length;
    if (this.#handlers === undefined) this.#early.push(bytes);
    else this.#handlers.frame(bytes);
  }

  /** For the network: the other side, or the way to it, is gone. */
  end(reason: string): void {
    if (this.isEnded) return;
    this.#endReason = reason;
    this.#tellEnd(reason);
  }

  /** For the network: the owner died with it. */
  drop(): void {
    this.#endReason ??= 'dropped';
    this.#handlers = undefined;
  }

  #tellEnd(reason: string): void {
    const handlers = this.#handlers;
    this.#handlers = undefined;
    handlers?.closed(reason);
  }

  #soon(run: () => void): void {
    this.#carriage.soon(() => this.owner.run(run));
  }
}
