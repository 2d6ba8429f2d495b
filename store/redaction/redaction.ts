/*
 * The redaction of one job's output and of short texts about it.
 *
 * Known shapes are looked for in everything; the values that this job must not show come on top. Each
 * stream is read by itself, so what a secret's two halves are written to makes no difference to the other
 * stream. No life cycle beyond `flush`.
 */
import type { LogStream } from '../../protocol/model.ts';
import { secretsMax } from './limits.ts';
import { Redactor } from './redactor.ts';
import { Scanner } from './scanner.ts';
import { listSecretPatterns, type Secret } from './secret-forms.ts';
import { tokenPatterns } from './shapes.ts';

const shapesOnly = new Scanner(tokenPatterns);

const nothing = new Uint8Array();

/** Both streams of one attempt. */
export class Redaction {
  readonly #scanner: Scanner;
  /** Those on which something came: most work prints on one at most. */
  readonly #streams: Partial<Record<LogStream, Redactor>> = {};

  constructor(secrets: readonly Secret[]) {
    const patterns = listSecretPatterns(secrets.slice(0, secretsMax));
    this.#scanner = patterns.length === 0 ? shapesOnly : new Scanner(patterns, shapesOnly);
  }

  /** Takes output; returns what of it, and of what was held, may be written. */
  push(stream: LogStream, bytes: Uint8Array): Uint8Array {
    this.#streams[stream] ??= new Redactor(this.#scanner);
    return this.#streams[stream].push(bytes);
  }

  /** What was held of a stream that has ended. */
  flush(stream: LogStream): Uint8Array {
    return this.#streams[stream]?.flush() ?? nothing;
  }

  /** A short text without secrets: a reason, the name of a file. */
  clean(text: string): string {
    return clean(this.#scanner, text);
  }
}

/** A short text without tokens that can be told by their look. */
export function cleanText(text: string): string {
  // Most texts hold no head of a token. None begins with a space, so the end of a text is not held for one.
  return shapesOnly.next(Buffer.from(`${text}  `), 0) < 0 ? text : clean(shapesOnly, text);
}

function clean(scanner: Scanner, text: string): string {
  const redactor = new Redactor(scanner);
  const first = redactor.push(Buffer.from(text));
  return Buffer.concat([first, redactor.flush()]).toString();
}
