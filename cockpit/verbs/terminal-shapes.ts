/*
 * The shapes of `wally terminal --json`: what it streams while it is open, and how it ended.
 *
 * Like those of all verbs they are an outside contract: fields are added, never renamed.
 */
/** What `wally terminal` streams: where it is, then output, and whether the worker is seen. */
export type TerminalItem =
  | { readonly worker: string; readonly host: string; readonly directory: string }
  | { readonly base64: string }
  | { readonly worker: string; readonly is: 'away' | 'back' };

/** How a terminal ended. */
export interface TerminalAnswer {
  readonly worker: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
}
