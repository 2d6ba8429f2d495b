/*
 * Takes secrets out of one stream of bytes, whatever chunks it comes in.
 *
 * `push` gives what may leave: all but the shortest end that may still turn out to be a secret's
 * beginning. Matches may overlap; what any of them covers is hidden, under the label of the first.
 * Invariants: the output depends on the bytes alone and never on how they were cut; no byte of a match is
 * given; what is held is bounded by the longest pattern up to its `min`. No timer: a log that stops in the
 * middle of a prefix waits for the next byte or the end.
 */
import { contextBytes } from './limits.ts';
import { type ByteClass, matchAt, type Pattern, type Swallow } from './pattern.ts';
import type { Scanner } from './scanner.ts';

/** What a match covers, in bytes from the beginning of the stream. */
interface Span {
  readonly pattern: Pattern;
  readonly from: number;
  end: number;
  /** Goes on with the bytes that follow; undefined when it has ended. */
  more: Swallow | undefined;
}

const nothing = new Uint8Array();

/** One stream, from its first byte to `flush`. */
export class Redactor {
  readonly #scanner: Scanner;
  /** Came and did not leave yet. */
  #held: Uint8Array = nothing;
  /** The bytes before it. */
  #context: Uint8Array = nothing;
  /** Offset in the stream of the first byte that is held. */
  #offset = 0;
  /** All before this is hidden and was said to be so. */
  #hiddenTo = 0;
  /** Spans of which something is still to come: their label, or their end. */
  #spans: Span[] = [];
  /** Where the newest span of each pattern ends: no second one begins inside it. */
  readonly #ends = new Map<Pattern, Span>();

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
  }

  /** Takes bytes; returns those that may leave, which may be the very same. */
  push(bytes: Uint8Array): Uint8Array {
    return this.#take(bytes, false);
  }

  /** The end of the stream: what was held, as far as it is no secret. */
  flush(): Uint8Array {
    return this.#take(nothing, true);
  }

  #take(bytes: Uint8Array, isLast: boolean): Uint8Array {
    const data = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    this.#continueSpans(data, this.#held.length);
    const held = this.#scan(data, isLast);
    const out = this.#give(data, held);
    this.#keep(data, held);
    return out;
  }

  /** Open spans take what came. */
  #continueSpans(data: Uint8Array, at: number): void {
    for (const span of this.#spans) {
      if (span.more === undefined) continue;
      const end = span.more.take(data, at);
      span.end = this.#offset + end;
      if (end < data.length) span.more = undefined;
      if (span.from < this.#offset) this.#hiddenTo = Math.max(this.#hiddenTo, span.end);
    }
  }

  /** Notes all matches; returns where the first begins that needs more bytes. */
  #scan(data: Uint8Array, isLast: boolean): number {
    const scanner = this.#scanner;
    for (let at = scanner.next(data, 0); at >= 0; at = scanner.next(data, at + 1)) {
      const found: Span[] = [];
      for (const pattern of scanner.listAt(data, at)) {
        if (!this.#mayBegin(pattern, data, at)) continue;
        const match = matchAt(pattern, data, { at, isLast });
        if (match === 'wait') return at;
        if (match !== 'no') found.push(this.#makeSpan(pattern, match, data));
      }
      for (const span of found) {
        this.#spans.push(span);
        this.#ends.set(span.pattern, span);
      }
    }
    return data.length;
  }

  #makeSpan(
    pattern: Pattern,
    match: { readonly from: number; readonly end: number; readonly left: number },
    data: Uint8Array,
  ): Span {
    const { from, left } = match;
    const swallow = pattern.swallow?.() ?? openRun(pattern.parts.at(-1)?.of, left);
    const end = swallow.take(data, match.end);
    const more = end === data.length ? swallow : undefined;
    return { pattern, from: this.#offset + from, end: this.#offset + end, more };
  }

  #mayBegin(pattern: Pattern, data: Uint8Array, at: number): boolean {
    const { after, rightAfter, parts } = pattern;
    const place = this.#offset + at;
    // A literal may overlap itself; a run that began earlier covers all that a later one would.
    const before = parts.length === 0 ? undefined : this.#ends.get(pattern);
    if (before !== undefined && place >= before.from && place < before.end) return false;
    for (let back = 1; back <= (rightAfter?.min ?? 0); back += 1) {
      if (rightAfter?.of[this.#look(data, at - back) ?? 0] !== 1) return false;
    }
    if (after === undefined) return true;
    const byte = this.#look(data, at - 1);
    return byte === undefined || after[byte] !== 1 || this.#endsEscape(data, at - 1);
  }

  /** Does `\\n`, `%3D` or a colour code end here? Its last letter is no part of the word that follows. */
  #endsEscape(data: Uint8Array, at: number): boolean {
    if (this.#look(data, at - 1) === 0x5c || this.#look(data, at - 2) === 0x25) return true;
    return this.#look(data, at) === 0x6d && this.#endsColour(data, at);
  }

  /** After its letters may stand the byte ESC itself, or the last letter of how JSON writes it. */
  #endsColour(data: Uint8Array, at: number): boolean {
    for (let back = 1; back < contextBytes - 1; back += 1) {
      const byte = this.#look(data, at - back);
      const before = this.#look(data, at - back - 1);
      if (byte === 0x5b) return before === 0x1b || before === 0x62 || before === 0x42;
      if (byte === undefined || !(byte === 0x3b || (byte >= 0x30 && byte <= 0x39))) return false;
    }
    return false;
  }

  #look(data: Uint8Array, at: number): number | undefined {
    return at >= 0 ? data[at] : this.#context[this.#context.length + at];
  }

  /** Puts together what may leave of the first `held` bytes. */
  #give(data: Uint8Array, held: number): Uint8Array {
    const start = this.#offset;
    const stop = start + held;
    if (this.#spans.length === 0 && this.#hiddenTo <= start) return data.subarray(0, held);
    const parts: Uint8Array[] = [];
    let given = start;
    const giveTo = (to: number) => {
      const from = Math.max(given, this.#hiddenTo);
      if (from < to) parts.push(data.subarray(from - start, to - start));
      given = Math.max(given, to);
    };
    this.#spans.sort((one, other) => one.from - other.from);
    for (const span of this.#spans) {
      if (span.from >= stop) break;
      if (span.from < start) continue;
      if (span.from >= this.#hiddenTo) {
        giveTo(span.from);
        parts.push(Buffer.from(`[redacted ${span.pattern.label}]`));
      }
      this.#hiddenTo = Math.max(this.#hiddenTo, span.end);
    }
    giveTo(stop);
    return Buffer.concat(parts);
  }

  #keep(data: Uint8Array, held: number): void {
    const stop = this.#offset + held;
    this.#spans = this.#spans.filter(({ from, more }) => from >= stop || more !== undefined);
    for (const [pattern, { end, more }] of this.#ends) {
      if (end <= stop && more === undefined) this.#ends.delete(pattern);
    }
    const context =
      held >= contextBytes
        ? data.subarray(0, held)
        : Buffer.concat([this.#context, data.subarray(0, held)]);
    this.#context = Uint8Array.from(context.subarray(-contextBytes));
    this.#held = held === data.length ? nothing : Uint8Array.from(data.subarray(held));
    this.#offset = stop;
  }
}

/** The rest of a run. */
function openRun(of: ByteClass | undefined, left: number): Swallow {
  let room = of === undefined ? 0 : left;
  return {
    take: (data, from) => {
      let at = from;
      while (room > 0 && at < data.length && of?.[data[at] ?? 0] === 1) {
        at += 1;
        room -= 1;
      }
      if (at < data.length) room = 0;
      return at;
    },
  };
}
