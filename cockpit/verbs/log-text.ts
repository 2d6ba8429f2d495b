/*
 * Output as text, piece by piece, and as bytes wherever text can't say it.
 *
 * A letter that a piece ends within goes with the next one. What is no UTF-8 is told both ways: the text is for
 * people, the bytes for files and pipes. Invariant: the pieces, each taken as bytes where it has them, are what
 * came in.
 */
import { isUtf8 } from 'node:buffer';
import type { AttemptId, LogStream } from '../../protocol/model.ts';

/** A piece. `base64`: its bytes, where `text` is not all of them. */
export interface TextPiece {
  readonly text: string;
  readonly base64?: string;
}

/** A piece of output, as `wally logs` gives it. */
export interface LogPiece extends TextPiece {
  readonly attempt: AttemptId;
  readonly offset: number;
  readonly at: string;
  readonly stream: LogStream;
}

/** One stream of bytes. */
export class LogText {
  #begun: Uint8Array = new Uint8Array(0);

  /** Takes a piece. */
  take(bytes: Uint8Array): TextPiece {
    const all = this.#begun.length === 0 ? bytes : Buffer.concat([this.#begun, bytes]);
    const end = findLetterEnd(all);
    this.#begun = Uint8Array.from(all.subarray(end));
    return toPiece(all.subarray(0, end));
  }

  /** The letter that was begun and does not go on; undefined where there is none. */
  rest(): TextPiece | undefined {
    const begun = this.#begun;
    this.#begun = new Uint8Array(0);
    return begun.length === 0 ? undefined : toPiece(begun);
  }
}

/** The bytes of a piece, as whoever keeps them must write them. */
export function bytesOf({ text, base64 }: TextPiece): string | Uint8Array {
  return base64 === undefined ? text : Buffer.from(base64, 'base64');
}

function toPiece(bytes: Uint8Array): TextPiece {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = all.toString('utf8');
  return isUtf8(all) ? { text } : { text, base64: all.toString('base64') };
}

/** Where the last letter begins that more bytes could make whole, or the end. */
function findLetterEnd(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte >= 0xc0) return countLetterBytes(byte) > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function countLetterBytes(lead: number): number {
  if (lead >= 0xf8) return 1;
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}
