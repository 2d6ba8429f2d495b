/*
 * The two ends of one direction of a terminal: bytes by offset, within a window, over many links.
 *
 * The writing end holds what was not acknowledged and sends it again on a new link; the reading end
 * drops what it has. Invariants: no more than a window is under way; nothing leaves while the link is
 * full, so that durable messages and heartbeats never wait behind more than one chunk.
 */
import { terminalChunkBytesMax, terminalWindowBytesMax } from './limits.ts';
import type { SendTerminalFrame } from './terminal-frames.ts';

/** Whose stream, and how its frames leave. */
export interface TerminalStreamParts {
  readonly id: number;
  readonly send: SendTerminalFrame;
}

interface Chunk {
  readonly from: number;
  readonly bytes: Uint8Array;
}

/** The writing end. Life cycle: `put` while it is not full; `again` on every new link. */
export class TerminalWriter {
  readonly #parts: TerminalStreamParts;
  #held: Chunk[] = [];
  #end = 0;
  #ackedAt = 0;
  #sentAt = 0;
  /** As far as ever left on any link. */
  #leftAt = 0;
  #isLinkFull = false;
  #wake: (() => void)[] = [];

  constructor(parts: TerminalStreamParts) {
    this.#parts = parts;
  }

  /** Offset behind the last byte. */
  get end(): number {
    return this.#end;
  }

  /** Is a window held already? What is put then is held too, but nobody should. */
  get isFull(): boolean {
    return this.#end - this.#ackedAt >= terminalWindowBytesMax;
  }

  /** Takes bytes, which belong to it from then on. */
  put(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += terminalChunkBytesMax) {
      const chunk = bytes.subarray(at, at + terminalChunkBytesMax);
      this.#held.push({ from: this.#end, bytes: chunk });
      this.#end += chunk.length;
    }
    this.#pump();
  }

  /** Resolves at once, or when there is room again; or after `stop`. */
  async room(): Promise<void> {
    while (this.isFull) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  /** The peer has taken all before `offset`. False when it cannot have. */
  acked(offset: number): boolean {
    if (offset > this.#leftAt) return false;
    this.#ackedAt = Math.max(this.#ackedAt, offset);
    // What a lost link had brought after all need not be sent again.
    this.#sentAt = Math.max(this.#sentAt, this.#ackedAt);
    this.#held = this.#held.filter(({ from, bytes }) => from + bytes.length > this.#ackedAt);
    this.#pump();
    if (!this.isFull) this.#wakeAll();
    return true;
  }

  /** A new link: what was not acknowledged may be lost. */
  again(): void {
    this.#isLinkFull = false;
    this.#sentAt = this.#ackedAt;
    this.#pump();
  }

  /** The link takes frames again. */
  drained(): void {
    this.#isLinkFull = false;
    this.#pump();
  }

  /** Nobody wants it any more: who waits for room goes on. */
  stop(): void {
    this.#held = [];
    this.#ackedAt = this.#end;
    this.#sentAt = this.#end;
    this.#leftAt = this.#end;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  #pump(): void {
    const { id, send } = this.#parts;
    for (const { from, bytes } of this.#held) {
      const end = from + bytes.length;
      if (end <= this.#sentAt) continue;
      if (this.#isLinkFull || end > this.#ackedAt + terminalWindowBytesMax) return;
      const how = send({ t: 'terminal-data', id, from, bytes });
      if (how === 'closed') return;
      this.#sentAt = end;
      this.#leftAt = Math.max(this.#leftAt, end);
      this.#isLinkFull = how === 'full';
    }
  }
}

/** The reading end. Life cycle: `take` what comes, `taken` once it was used; `again` on every new link. */
export class TerminalReader {
  readonly #parts: TerminalStreamParts;
  #arrivedAt = 0;
  #takenAt = 0;
  #ackedAt = 0;

  constructor(parts: TerminalStreamParts) {
    this.#parts = parts;
  }

  /** All before this has come. */
  get arrivedAt(): number {
    return this.#arrivedAt;
  }

  /** What is new of it, maybe nothing; `breach` where the peer sends beyond its window. */
  take(from: number, bytes: Uint8Array): Uint8Array | 'breach' {
    const end = from + bytes.length;
    if (end > this.#takenAt + terminalWindowBytesMax) return 'breach';
    // After a hole it comes again, whole, on the new link.
    if (from > this.#arrivedAt || end <= this.#arrivedAt) return bytes.subarray(0, 0);
    const fresh = bytes.subarray(this.#arrivedAt - from);
    this.#arrivedAt = end;
    return fresh;
  }

  /** So many bytes more were used: there is room for as many. */
  taken(count: number): void {
    this.#takenAt += count;
    const isIdle = this.#takenAt === this.#arrivedAt;
    if (isIdle || this.#takenAt - this.#ackedAt >= terminalWindowBytesMax / 4) this.again();
  }

  /** Says where it stands. */
  again(): void {
    const { id, send } = this.#parts;
    const offset = this.#takenAt;
    if (send({ t: 'terminal-ack', id, offset }) !== 'closed') this.#ackedAt = offset;
  }
}
