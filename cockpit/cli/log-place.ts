/*
 * How far one log was given, item by item: from where it must be asked for so that no byte is lost or said twice. Pure.
 *
 * An item's offset is that of the record that it came of; a letter that was only begun at a record's end goes
 * with a later one of its stream, so what was given ends so much before it. A letter that the *other* stream had
 * begun at that very moment is the only thing that can be lost, and from this view alone.
 */
import type { LogStream } from '../../protocol/model.ts';
import { bytesOf } from '../verbs/log-text.ts';
import type { LogItem } from '../verbs/shapes.ts';

interface Piece {
  readonly stream: LogStream;
  readonly offset: number;
  readonly bytes: number;
}

/** It follows one log at a time, the last that it was told of. */
export class LogPlace {
  #attempt: string | undefined;
  #next = 0;
  #last: Piece | undefined;
  /** Bytes of records that came, which no piece has had yet. */
  #held: Readonly<Record<LogStream, number>> = { stdout: 0, stderr: 0 };

  /** The attempt whose log it is, by its id; undefined before the first item. */
  get attempt(): string | undefined {
    return this.#attempt;
  }

  /** Everything before this byte was given. */
  get next(): number {
    return this.#next;
  }

  /** From here on it is this one's log, from its first byte. */
  begin(attempt: string): void {
    this.#attempt = attempt;
    this.#next = 0;
    this.resume();
  }

  /** The log is asked for anew, from `next` on. */
  resume(): void {
    this.#last = undefined;
    this.#held = { stdout: 0, stderr: 0 };
  }

  /** An item was given. */
  take(item: LogItem): void {
    if (item.attempt !== this.#attempt) this.begin(item.attempt);
    this.#settleLast(item.offset);
    if ('gapBytes' in item) {
      this.resume();
      this.#next = item.offset + item.gapBytes;
      return;
    }
    const { stream, offset } = item;
    const bytes = Buffer.byteLength(bytesOf(item));
    this.#next = offset + bytes - this.#held[stream];
    this.#last = { stream, offset, bytes };
  }

  /** The record of the last piece ended where this one begins. */
  #settleLast(end: number): void {
    const last = this.#last;
    if (last === undefined) return;
    const held = this.#held[last.stream] + (end - last.offset) - last.bytes;
    this.#held = { ...this.#held, [last.stream]: held };
  }
}
