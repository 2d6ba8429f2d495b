/*
 * A box as its provider names it, and how a spawned box is tagged. Pure.
 *
 * The tag is in what the provider lists, so that a box is found again whatever happened to the answer of the
 * command that made it. Ids and addresses are a provider's words: only plain ones are ever let in.
 */
import { z } from 'zod';

/** What can be put into a command's piece without being taken for something else. */
const plainWord = /^[A-Za-z0-9[][\w.:@/+=[\]%-]{0,255}$/;

/** A box that its provider has. */
export const madeBoxSchema = z.object({
  /** What the provider calls it. */
  id: z.string().regex(plainWord),
  /** Where it is, if the provider says so. */
  address: z.string().regex(plainWord).exactOptional(),
});

/** The same, as a type. */
export type MadeBox = z.infer<typeof madeBoxSchema>;

/**
 * How a provider says that a box stands. `stopped`: it is there, and its agent was ended without its doing;
 * `gone`: it is still named and not there any more.
 */
export type FoundState = 'coming' | 'ready' | 'stopped' | 'gone';

/** One entry of a provider's list. */
export interface FoundBox extends MadeBox {
  readonly tag: string;
  readonly state: FoundState;
}

/** What every tag of one hub begins with: several hubs may share a provider. */
export function formatTagPrefix(hubKey: string): string {
  return `wally-${hubKey.slice(0, 6)}-`;
}

/** The tag of the box that is to be called `name`. */
export function formatTag(hubKey: string, name: string): string {
  return `${formatTagPrefix(hubKey)}${name}`;
}
