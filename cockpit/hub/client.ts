/*
 * What a cockpit needs of a hub: ask for a verb, or follow one that streams.
 *
 * The CLI, the screen and every bridge speak to the hub through this and nothing else. A dead or
 * slow hub never blocks the caller: a call ends with a reply, an AppError of the hub's, or
 * HUB_UNREACHABLE when the connection goes.
 */

/** A verb that streams. */
export interface HubStream {
  /** Resolves at the stream's end (with the verb's answer) or after `cancel`; rejects with the AppError that ended it. */
  readonly done: Promise<unknown>;
  /**
   * Gives the verb a value; resolves when the next may be given, with false once the stream is over.
   * Errors: USAGE_ARGUMENT for one over 64 KiB.
   */
  give(value: unknown): Promise<boolean>;
  cancel(): void;
}

/** A connection to one hub. */
export interface HubClient {
  /** Runs a verb with its arguments as its schema has them. Errors: the verb's, HUB_UNREACHABLE. */
  call(verb: string, args: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** The same for a verb that streams; items come in order, one call each. */
  stream(
    verb: string,
    args: Readonly<Record<string, unknown>>,
    onItem: (item: unknown) => void | Promise<void>,
  ): HubStream;
  /** Resolves with the reason once the connection has ended. */
  readonly closed: Promise<string>;
  close(): void;
}
