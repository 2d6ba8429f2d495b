/*
 * What a redactor looks for: a literal head, and parts after it that are runs of a class of bytes.
 *
 * Deliberately less than a regular expression: every part is a greedy run whose class the next part
 * does not share, so matching never goes back, costs one look a byte, and can stop at the end of a chunk
 * and say "not yet". Pure. Invariant: whether it matches depends on no byte after the last part's `min`.
 */

/** Which bytes belong: a table of 256. */
export type ByteClass = Uint8Array;

/** A run of `min` to `max` bytes of a class. */
export interface Part {
  readonly of: ByteClass;
  readonly min: number;
  readonly max: number;
}

/** What goes on swallowing after a match; it keeps its own state. Returns where it ended in the data. */
export interface Swallow {
  take(data: Uint8Array, from: number): number;
}

/** One thing to look for. */
export interface Pattern {
  /** What is shown instead. */
  readonly label: string;
  /** At least three bytes. */
  readonly head: Uint8Array;
  readonly parts: readonly Part[];
  /** The first part that is hidden; the head too where absent. */
  readonly hideFrom?: number;
  /** The last part is only looked for, and stays. */
  readonly keepsLast?: true;
  /** It begins no earlier than after a byte that is not of this class. */
  readonly after?: ByteClass;
  /** It begins only after so many bytes of a class. */
  readonly rightAfter?: { readonly of: ByteClass; readonly min: number };
  /** A last word on what was matched. */
  readonly fits?: (text: string) => boolean;
  /** What is swallowed beyond the parts. */
  readonly swallow?: () => Swallow;
}

/** `no`, `wait` for more bytes, or what is hidden; `isOpen`: more of the last run may follow. */
export type Match =
  | 'no'
  | 'wait'
  | {
      readonly from: number;
      readonly end: number;
      /** Bytes of the last run that may still come. */
      readonly left: number;
    };

/** Does a pattern match here? At the end of the stream nothing is waited for. */
export function matchAt(
  pattern: Pattern,
  data: Uint8Array,
  { at, isLast }: { readonly at: number; readonly isLast: boolean },
): Match {
  const { head, parts, hideFrom, keepsLast, fits } = pattern;
  const short = isLast ? 'no' : 'wait';
  for (let index = 0; index < head.length; index += 1) {
    if (at + index >= data.length) return short;
    if (data[at + index] !== head[index]) return 'no';
  }
  let end = at + head.length;
  let from = hideFrom === undefined ? at : end;
  let left = 0;
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index] as Part;
    if (index === hideFrom) from = end;
    const start = end;
    const limit = Math.min(data.length, start + part.max);
    while (end < limit && part.of[data[end] ?? 0] === 1) end += 1;
    const count = end - start;
    const isCut = end === data.length && count < part.max;
    if (count < part.min) return isCut ? short : 'no';
    const isFinal = index === parts.length - 1;
    if (isCut && !isFinal) return short;
    left = isFinal ? part.max - count : 0;
    if (isFinal && keepsLast === true) return { from, end: start, left: 0 };
  }
  if (hideFrom === parts.length) from = end;
  if (fits !== undefined && !fits(latin1(data, at, end))) return 'no';
  return { from, end, left };
}

/** A class from the letters themselves and from ranges such as `a-z`. */
export function byteClass(...ranges: readonly string[]): ByteClass {
  const table = new Uint8Array(256);
  for (const range of ranges) {
    const [first = '', dash, last = ''] = range;
    const isRange = range.length === 3 && dash === '-';
    if (isRange) table.fill(1, first.charCodeAt(0), last.charCodeAt(0) + 1);
    else for (const letter of range) table[letter.charCodeAt(0)] = 1;
  }
  return table;
}

/** All other bytes. */
export function otherThan(of: ByteClass): ByteClass {
  return of.map((is) => 1 - is);
}

function latin1(data: Uint8Array, from: number, to: number): string {
  return Buffer.from(data.buffer, data.byteOffset + from, to - from).toString('latin1');
}
