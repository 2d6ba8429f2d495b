/*
 * Caps of redaction, with where each came from.
 *
 * Together they bound what a live log waits for: no more than the longest thing that may still turn out
 * to be a secret.
 */

/** A longer value is looked for in pieces of this many bytes, so that no log waits for more. */
export const secretPieceBytes = 256;

/** Lines of a value that are looked for by themselves, where they have so many letters. */
export const secretLineBytesMin = 8;

/** Values of one job that are looked for. A spec cannot mark more; a policy's names may match more. */
export const secretsMax = 256;

/** Bytes before a place that are kept to tell whether a word begins there: the longest colour code has 19. */
export const contextBytes = 24;

/** Bytes swallowed of one private key: one of 16384 bits has 12.6 KiB. */
export const privateKeyBytesMax = 16 * 1024;

/** Bytes of one token. Nothing that is issued is longer than a few KiB. */
export const tokenBytesMax = 16 * 1024;

/** Bytes of a JWT's first part, which is held until the second begins; real ones have 40 to 300. */
export const jwtHeaderBytesMax = 512;
