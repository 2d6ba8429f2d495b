/*
 * What a terminal answers to questions, taken out of what is typed. Pure.
 *
 * A pager, an editor or ssh may ask the terminal for its colours or its name and be gone before the
 * answer comes; then it arrives here, letter by letter, and letters are keys. Such an answer is a
 * control string: it begins with OSC and a number, or with DCS and its parameters, and ends with BEL
 * or ST. Anything else passes, and one that goes on too long was none.
 * Source: ECMA-48 5.6; xterm control sequences, "Operating System Commands", "Device-Control functions".
 */
import { replyCharsMax } from '../limits.ts';

/** The answer that has begun and not ended yet; empty outside of one. */
export type ReplyState = string;

/** Outside of an answer. */
export const noReply: ReplyState = '';

/** What was typed of this chunk, and where the next one begins. */
export function dropReplies(
  state: ReplyState,
  chunk: string,
): { readonly state: ReplyState; readonly typed: string } {
  let typed = '';
  let rest = state + chunk;
  for (let at = rest.search(begin); at >= 0; at = rest.search(begin)) {
    typed += rest.slice(0, at);
    const reply = rest.slice(at, at + replyCharsMax);
    const end = terminator.exec(reply);
    if (end === null && reply.length < replyCharsMax) return { state: reply, typed };
    rest = rest.slice(at + (end === null ? reply.length : end.index + end[0].length));
  }
  return { state: noReply, typed: typed + rest };
}

const begin = /\x1b\]\d{1,4};|\x1bP[\d;>=?]*[|$+!]/;
const terminator = /\x07|\x1b\\/;
