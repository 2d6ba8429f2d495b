/*
 * The transport contract: what a session needs of whatever carries it.
 *
 * A link is one authenticated, ordered, message-preserving duplex between two peer keys. It may
 * end at any time and owes nothing after that: sessions outlive links. Every implementation
 * (hyperswarm, stdio, unix socket, in-memory) passes the same suite in test/conformance/transport.ts.
 * A link never throws for what a peer does: it closes, with a reason.
 */
import type { PeerKey } from '../model.ts';

/** Which implementation carries a link. */
export type Carrier = 'swarm' | 'relay' | 'stdio' | 'unix' | 'memory';

/** Why a dialled link ended when another life of the hub was found to answer in its place. */
export const hubRestarted = 'hub restarted';

/** What the owner of a link is told. Each is called from a fresh turn, never from inside `send`. */
export interface LinkHandlers {
  /** One whole frame, exactly as the peer passed it to `send`; the bytes are the owner's. */
  frame(bytes: Uint8Array): void;
  /** The send buffer is empty again after `send` returned `full`. */
  drain(): void;
  /** The link has ended, for good; called exactly once, and nothing is called after it. */
  closed(reason: string): void;
}

/** One live connection. */
export interface Link {
  /** The authenticated key of the peer. A unix socket has none: file permissions stand for it. */
  readonly peerKey: PeerKey;
  /** Of now: what a relay carries may get through directly later. */
  readonly carrier: Carrier;
  /** Bytes that have come so far, also of a frame that is not whole yet. Grows; of any unit of the carrier's. */
  readonly arrivedBytes: number;
  /** Hands over the link; frames that came earlier wait for this. Call once. */
  open(handlers: LinkHandlers): void;
  /**
   * Queues a copy of one frame of 1 to `frameBytesMax` bytes; `full` asks to wait for `drain`;
   * dropped after close.
   */
  send(bytes: Uint8Array): 'sent' | 'full';
  /** Ends the link; what was sent before is flushed where the carrier can. Safe to repeat. */
  close(reason: string): void;
}

/** An open door. */
export interface Listener {
  close(): Promise<void>;
}

/** Takes a new, authenticated link. Must call `open` or `close` on it. */
export type AcceptLink = (link: Link) => void;
