/*
 * The frames by which the end of short work gets ahead of its box's disk, and the hub's word that it has it.
 *
 * Optional: an agent says `ended` only to a hub whose hello said `takesEnded`. Schemas only; what they are for
 * is said in README.md, "Ahead of the disk".
 */
import { z } from 'zod';
import { windowFramesMax } from './limits.ts';
import { attemptIdSchema, messageBodySchema } from './messages.ts';

/**
 * Agent → hub: how work ended of which nothing was reported before, each as its `finished` message. It may be
 * lost: what no `ended-kept` answers comes again as a message.
 */
const endedSchema = z.object({
  t: z.literal('ended'),
  reports: z.array(messageBodySchema).max(windowFramesMax),
});

/** Hub → agent: how these ended is on the hub's disk. */
const endedKeptSchema = z.object({
  t: z.literal('ended-kept'),
  attempts: z.array(attemptIdSchema).max(windowFramesMax),
});

/** All of them. */
export const endedFrameSchemas = [endedSchema, endedKeptSchema] as const;

/** Reports of ends, ahead of the agent's disk. */
export type EndedFrame = z.infer<typeof endedSchema>;
