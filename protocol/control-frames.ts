/*
 * The frames of the control conversation, and how they are read: all that either side is sent.
 *
 * Every frame is checked before it is used; one that fits no shape ends its link with a code. What is
 * asked and answered inside of them is JSON. Errors: FRAME_INVALID, as the reason of a link's end.
 */
import { z } from 'zod';
import { decodeValue } from './codec.ts';
import { wrapError } from './errors.ts';
import type { Link } from './transports/link.ts';

const id = z.number().int().nonnegative();
const askSchema = z.object({
  t: z.literal('ask'),
  id,
  verb: z.string(),
  args: z.unknown(),
  /** What kind of program asks, by its own word; see `nameSurface`. */
  surface: z.exactOptional(z.string()),
});
const moreSchema = z.object({ t: z.literal('more'), id, count: z.number().int().min(1) });
const dropSchema = z.object({ t: z.literal('drop'), id });
const json = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const giveSchema = z.object({ t: z.literal('give'), id, json });
const partSchema = z.object({ t: z.literal('part'), id, json });
const itemSchema = z.object({ t: z.literal('item'), id, json });
const doneSchema = z.object({ t: z.literal('done'), id, json });
const failSchema = z.object({ t: z.literal('fail'), id, code: z.string(), message: z.string() });
const roomSchema = z.object({ t: z.literal('room'), id, count: z.number().int().min(1) });
/** What the asking side sends. */
export const toServerSchema = z.discriminatedUnion('t', [
  askSchema,
  moreSchema,
  dropSchema,
  giveSchema,
]);
/** What the serving side sends. */
export const toClientSchema = z.discriminatedUnion('t', [
  partSchema,
  itemSchema,
  doneSchema,
  failSchema,
  roomSchema,
]);

/** A call as it is asked. */
export type AskFrame = z.infer<typeof askSchema>;

/** What an asker says it is, as a word that can be written down; nothing is decided by it. */
export function nameSurface(said: string | undefined): string {
  return said !== undefined && /^[a-z][a-z0-9-]{0,31}$/.test(said) ? said : 'unknown';
}

/** The JSON value that these bytes are together; undefined once the link was closed for them. */
export function readJsonOrClose(parts: readonly Uint8Array[], link: Link): unknown {
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch {
    link.close('FRAME_INVALID');
    return undefined;
  }
}

/** The frame that these bytes are; undefined once the link was closed for them. */
export function readOrClose<T>(schema: z.ZodType<T>, bytes: Uint8Array, link: Link): T | undefined {
  try {
    const parsed = schema.safeParse(decodeValue(bytes));
    if (parsed.success) return parsed.data;
  } catch (error) {
    link.close(wrapError(error, 'FRAME_INVALID').code);
    return undefined;
  }
  link.close('FRAME_INVALID');
  return undefined;
}
