/*
 * Words that came from a peer, made harmless before anything else sees them.
 *
 * A host name, a reason or a tool's name ends up on terminals; an escape sequence in it could forge
 * lines or write somebody's clipboard. Control characters are dropped where the text enters, once,
 * so no surface has to think of it.
 */
import { z } from 'zod';

/** Text without control characters: C0, DEL and C1. */
export function stripControls(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}

/** A schema for such text, at most `lettersMax` letters. */
export function peerText(lettersMax: number) {
  return z.string().max(lettersMax).transform(stripControls);
}
