/*
 * Caps of getting onto boxes, with where each came from.
 *
 * What ssh itself is told to give up after stands with its options, in `ssh.ts`.
 */

/** A command on a box must have ended by then; what copies files says its own. */
export const sshRunMsDefault = 60_000;

/** Bytes that one command on a box may write; our scripts write a few lines, a doctor some hundred KiB. */
export const sshOutputBytesMax = 4 * 1024 * 1024;
