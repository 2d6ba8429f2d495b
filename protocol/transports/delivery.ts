/*
 * What a link tells its owner: in order, from a fresh turn, closed exactly once.
 *
 * Every transport puts its events here instead of calling the owner's handlers, so that the rules
 * of the link contract are kept in one place: nothing before `open`, nothing from inside `send`,
 * nothing after `closed`. Invariant: `closed` is the last notice and there is only one.
 */
import { assert } from '../errors.ts';
import { frameBytesMax } from '../limits.ts';
import type { LinkHandlers } from './link.ts';

type Notice =
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  | { readonly kind: 'drain' }
  | { readonly kind: 'closed'; readonly reason: string };

/** What a link says when the other side ended it. */
export const closedByPeer = 'closed by peer';

/** Stops a caller that breaks the size rule of `Link.send`; a peer can never cause this. */
export function assertFrameSize(bytes: Uint8Array): void {
  const isSendable = bytes.byteLength >= 1 && bytes.byteLength <= frameBytesMax;
  assert(isSendable, `a frame has 1 to ${frameBytesMax} bytes, not ${bytes.byteLength}`);
}

/** The ordered notices of one link, from the transport to the owner. */
export class Delivery {
  #handlers: LinkHandlers | undefined;
  #notices: Notice[] = [];
  #waitingBytes = 0;
  #isEnded = false;
  #isTurnPlanned = false;

  /** Has the link ended? What arrives afterwards is dropped. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Has the owner taken the link? */
  get isOpen(): boolean {
    return this.#handlers !== undefined;
  }

  /** Bytes of frames that the owner has not been given yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  open(handlers: LinkHandlers): void {
    assert(this.#handlers === undefined, 'a link is opened once');
    this.#handlers = handlers;
    this.#planTurn();
  }

  frame(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    this.#waitingBytes += bytes.byteLength;
    this.#put({ kind: 'frame', bytes });
  }

  drain(): void {
    if (!this.#isEnded) this.#put({ kind: 'drain' });
  }

  /** Ends the link after what already waits: the peer or the carrier ended it. */
  end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#put({ kind: 'closed', reason });
  }

  /** Ends the link and drops what waits: its owner closed it and wants no more. */
  close(reason: string): void {
    this.#notices = this.#notices.filter((notice) => notice.kind === 'closed');
    this.#waitingBytes = 0;
    this.end(reason);
  }

  #put(notice: Notice): void {
    this.#notices.push(notice);
    this.#planTurn();
  }

  #planTurn(): void {
    if (this.#isTurnPlanned || this.#handlers === undefined) return;
    this.#isTurnPlanned = true;
    queueMicrotask(() => this.#takeTurn());
  }

  /** Gives the owner all that waits. A handler may close the link or send in between. */
  #takeTurn(): void {
    this.#isTurnPlanned = false;
    for (let notice = this.#notices.shift(); notice; notice = this.#notices.shift()) {
      if (notice.kind === 'frame') this.#waitingBytes -= notice.bytes.byteLength;
      this.#tell(notice);
    }
  }

  #tell(notice: Notice): void {
    if (notice.kind === 'frame') this.#handlers?.frame(notice.bytes);
    else if (notice.kind === 'drain') this.#handlers?.drain();
    else this.#handlers?.closed(notice.reason);
  }
}
