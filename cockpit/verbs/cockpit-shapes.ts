/*
 * The shape of `wally cockpits --json`.
 *
 * Like those of all verbs it is an outside contract: fields are added, never renamed.
 */

/** One row of `wally cockpits`: a cockpit on another machine. */
export interface CockpitRow {
  readonly name: string;
  readonly host: string;
  /** Connections that it has open now. */
  readonly links: number;
  readonly pairedAt: string;
  /** When it last opened a connection; null when it never did. */
  readonly lastSeenAt: string | null;
  /** Its public key, hex. */
  readonly key: string;
}
