/*
 * What a session and its owner are to each other: the contract of `session.ts`, types only.
 *
 * The owner (a hub for each worker, an agent for its hub) keeps the store; the session asks it to read,
 * to commit and to settle, and tells it what happened. Who we are to every peer is here too.
 */
import type { ErrorCode } from './errors.ts';
import type { HelloFrame, OwnerFrame } from './frames.ts';
import type { LeaseInstant } from './machines/renewal.ts';
import type { OutboxRow } from './machines/sender.ts';
import type { BoxLoad } from './model.ts';
import type { Ports } from './ports.ts';

/** Where the two streams with one store of the peer stand on our disk. */
export interface StreamMarks {
  readonly acked: number;
  readonly queued: number;
  readonly received: number;
  /** Of what is queued, how much may ever have left; all of it where absent. */
  readonly reach?: number | undefined;
}

/** What the owner of a session gives and is told. Sessions never touch the store themselves. */
export interface SessionHost {
  /**
   * The parts of hello that say who we are and what we hold, as of now. `queued` may count messages
   * for that store which are on their way to the disk.
   */
  describe(
    forStore: string | null,
  ): Partial<
    Pick<
      HelloFrame,
      | 'name'
      | 'host'
      | 'capabilities'
      | 'inventory'
      | 'queued'
      | 'takesWhole'
      | 'takesEnded'
      | 'build'
      | 'draining'
      | 'upgrade'
      | 'reach'
    >
  >;
  /** The peer speaks from this store: settle what an older one held, then say where we stand. */
  adopt(peerStore: string): Promise<StreamMarks>;
  readOutbox(peerStore: string, after: number, countMax: number): Promise<readonly OutboxRow[]>;
  /** Commits the messages, their effects and the mark in one synced batch; then resolves. */
  apply(peerStore: string, rows: readonly OutboxRow[]): Promise<void>;
  /** The peer has everything up to here; the rows may go. */
  acked(peerStore: string, through: number): void;
  /** A row was handed to a link for the first time. */
  sent(row: OutboxRow): void;
  opened(hello: HelloFrame): void;
  /** In place of `opened`: the peer knows more than ever left here, so our store went back, and it is refused. */
  wentBack?(hello: HelloFrame): void;
  /** The peer's wall clock said so; when it was read we had come past `askedAt`, an instant of ours. */
  timeTold(wallMs: number, askedAt: LeaseInstant): void;
  /** The peer answered a ping, and all that had to be applied before that counts is. */
  renewed(): void;
  /** Last message queued for the peer's store, also one on its way to the disk; for its leases. */
  countQueued(): number | undefined;
  frame(frame: OwnerFrame): void;
  presence(as: 'fresh' | 'stale'): void;
  /** The link takes frames again after `full`. */
  drained(): void;
  closed(reason: string): void;
  /** The peer cannot be served until a person acts. */
  trouble(code: ErrorCode): void;
}

/** How busy boxes are: what our pings say of ours, and what the peer's said of its. */
export interface LoadExchange {
  /** Undefined where a ping that leaves now says nothing. */
  read(): BoxLoad | undefined;
  told(load: BoxLoad): void;
}

/** Who we are to every peer. */
export interface SessionIdentity {
  readonly role: 'hub' | 'agent';
  readonly version: string;
  readonly store: string;
  readonly incarnation: number;
}

/** A link that ended before its session opened; `at` is monotonic milliseconds. */
export interface UnopenedLink {
  readonly at: number;
  readonly reason: string;
}

/** What a session is made from. `marks` are of `knownStore`, the peer's store as last seen. */
export interface SessionParts {
  readonly host: SessionHost;
  readonly ports: Ports;
  readonly identity: SessionIdentity;
  readonly load: LoadExchange;
  readonly knownStore: string | null;
  readonly marks: StreamMarks;
}
