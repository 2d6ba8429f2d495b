/*
 * A way to a hub: what it is called here, and how a connection to it is made.
 *
 * The hub may be on this box, behind a socket, or elsewhere, behind the swarm; who has a way need not know.
 */
import type { HubHome } from '../home.ts';
import type { HubClient } from './client.ts';

/** One hub that can be looked into. */
export interface HubWay {
  /** What it is called on this screen; no two ways of one program have the same. */
  readonly name: string;
  /** Is it this program's own, of which nobody said a word? */
  readonly isOwn: boolean;
  /** Its home, where that is on this box. */
  readonly home: HubHome | undefined;
  /** Makes a connection; as often as wanted. Errors: HUB_UNREACHABLE. */
  connect(): Promise<HubClient>;
  /** Lets go of what connections were made with; they end. Safe to repeat; takes a second at most. */
  release(): Promise<void>;
}
