/*
 * What happened in a run: a hash of all of it, and its lines for a person to read.
 *
 * Every line and every frame goes into the hash, so two runs with the same hash did the same. Lines are
 * kept only in a run that is to be read, the newest ones, and never change the hash by being shown.
 */

/** Lines kept; a run writes some thousands. */
const linesMax = 40_000;

/** Collects. */
export class Trace {
  readonly isVerbose: boolean;
  readonly #nowMs: () => number;
  readonly #lines: string[] = [];
  #hash = 0x811c9dc5;

  constructor(parts: { readonly nowMs: () => number; readonly isVerbose: boolean }) {
    this.#nowMs = parts.nowMs;
    this.isVerbose = parts.isVerbose;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Hex, over everything so far. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  /** A line that counts. */
  note(text: string): void {
    for (let at = 0; at < text.length; at += 1) this.#mixByte(text.charCodeAt(at));
    this.mix(Math.round(this.#nowMs() * 1000));
    if (this.isVerbose) this.#keep(text);
  }

  /** What a program said. Stacks are shown and do not count: they name the runner's own lines. */
  say(who: string, text: string): void {
    const [first = '', ...rest] = text.split('\n');
    this.note(`${who}: ${first}`);
    for (const line of rest) this.show(line);
  }

  /** A line for people, which does not count. */
  show(text: string): void {
    if (this.isVerbose) this.#keep(text);
  }

  /** A number that counts, without a line. */
  mix(value: number): void {
    this.#mixByte(value & 0xff);
    this.#mixByte((value >>> 8) & 0xff);
    this.#mixByte((value >>> 16) & 0xff);
  }

  #mixByte(byte: number): void {
    this.#hash = Math.imul(this.#hash ^ byte, 0x01000193);
  }

  #keep(text: string): void {
    const seconds = (this.#nowMs() / 1000).toFixed(3).padStart(9);
    this.#lines.push(`${seconds}  ${text}`);
    if (this.#lines.length > linesMax) this.#lines.splice(0, linesMax / 2);
  }
}
