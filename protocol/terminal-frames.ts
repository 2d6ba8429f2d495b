/*
 * The frames of a terminal: a shell on the worker's box, seen from the hub. Ephemeral all of them.
 *
 * The hub numbers terminals anew at each of its starts, from a number by chance. Bytes travel both ways with their offset, as
 * far as the other end has room; acks are cumulative, so what a link lost is sent again on the next.
 * Optional: an older agent naks `terminal-open`. Schemas only. Source: DESIGN section 5.
 */
import { z } from 'zod';
import {
  terminalChunkBytesMax,
  terminalColumnsMax,
  terminalPathLettersMax,
  terminalsPerWorkerMax,
} from './limits.ts';
import { attemptIdSchema } from './messages.ts';
import { peerText } from './peer-text.ts';

const offset = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const id = offset;
const side = z.number().int().min(1).max(terminalColumnsMax);

/** Hub → agent: open one of this size, in the directory of this attempt where it still exists. */
const openSchema = z.object({
  t: z.literal('terminal-open'),
  id,
  columns: side,
  rows: side,
  /** What the asker's own terminal is, for TERM. */
  term: peerText(64),
  attempt: attemptIdSchema.exactOptional(),
  /** What its spec names; used as a path and nothing else. */
  directory: z.string().max(terminalPathLettersMax).exactOptional(),
});

/** It is open, in this directory. */
const openedSchema = z.object({
  t: z.literal('terminal-opened'),
  id,
  directory: peerText(terminalPathLettersMax),
});

/** What was typed, or what the shell wrote; `from` counts from 0 in each direction. */
const dataSchema = z.object({
  t: z.literal('terminal-data'),
  id,
  from: offset,
  bytes: z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length <= terminalChunkBytesMax,
  ),
});

/** All before `offset` was taken; a window more may come. */
const ackSchema = z.object({ t: z.literal('terminal-ack'), id, offset });

const sizeSchema = z.object({ t: z.literal('terminal-size'), id, columns: side, rows: side });

/** Hub → agent: end it, or forget it if it has ended. */
const closeSchema = z.object({ t: z.literal('terminal-close'), id });

/** Agent → hub: it has ended, all output lies before `at`; or with `code`: it was refused or is gone. */
const endSchema = z.object({
  t: z.literal('terminal-end'),
  id,
  at: offset,
  exitCode: z.number().int().exactOptional(),
  signal: peerText(32).exactOptional(),
  code: peerText(64).exactOptional(),
  message: peerText(1024).exactOptional(),
});

/** The terminals that the sender has, on a new link; what the other end does not have is over. */
const heldSchema = z.object({
  t: z.literal('terminal-held'),
  ids: z.array(id).max(terminalsPerWorkerMax),
});

/** Every kind. */
export const terminalFrameSchemas = [
  openSchema,
  openedSchema,
  dataSchema,
  ackSchema,
  sizeSchema,
  closeSchema,
  endSchema,
  heldSchema,
] as const;

/** Any of them. */
export type TerminalFrame = z.infer<(typeof terminalFrameSchemas)[number]>;
/** One kind of them. */
export type TerminalFrameOf<K extends TerminalFrame['t']> = Extract<TerminalFrame, { t: K }>;
/** How a frame leaves; `full` was taken too, and asks to wait. */
export type SendTerminalFrame = (frame: TerminalFrame) => 'sent' | 'full' | 'closed';

/** Is this one of a terminal's? */
export function isTerminalFrame(frame: { readonly t: string }): frame is TerminalFrame {
  return frame.t.startsWith('terminal-');
}
