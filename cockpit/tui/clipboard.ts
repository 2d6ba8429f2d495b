/*
 * Text into the clipboard: of the box that this program runs on, and of the terminal that shows it.
 *
 * Both are tried: over ssh only the terminal (OSC 52) reaches the person, and some terminals take
 * nothing. Whether a terminal took it is never said by it, so the message says what was done.
 * Source: xterm's control sequences, OSC 52; k9s for the cap.
 */
import { AppError } from '../../protocol/errors.ts';
import { clipboardBytesMax } from './limits.ts';

/** Where it can go. */
export interface Clipboards {
  readonly stdout: Pick<NodeJS.WriteStream, 'write'>;
  readonly copyHere: (text: string) => Promise<boolean>;
}

/** Copies; resolves with what to say. Errors: USAGE_ARGUMENT where it is too long for any. */
export async function copyText(
  { stdout, copyHere }: Clipboards,
  text: string,
  what: string,
): Promise<string> {
  const encoded = Buffer.from(text).toString('base64');
  const fits = encoded.length <= clipboardBytesMax;
  if (fits) stdout.write(`\x1b]52;c;${encoded}\x07`);
  const isHere = await copyHere(text);
  if (isHere) return `copied ${what}`;
  if (fits) return `copied ${what}, where the terminal takes it`;
  const detail = `${what} are too long for the terminal's clipboard; ctrl-s saves them.`;
  throw new AppError('USAGE_ARGUMENT', detail);
}
