/*
 * What a desk is made from, what it asks of the rest of the agent, and what one decision of it changes.
 *
 * Types only, but for the decision that changes nothing.
 */
import type { AppError, ErrorCode } from '../protocol/errors.ts';
import type { HelloFrame, OwnerFrame } from '../protocol/frames.ts';
import type { AttemptId, CommandSpec } from '../protocol/model.ts';
import type { Ports } from '../protocol/ports.ts';
import type { Committer } from '../store/committer.ts';
import type { Durability, KvOp } from '../store/kv.ts';
import type { PeerStreams, StreamRow } from '../store/peer-streams.ts';
import type { HeldAttempt, HeldRows } from './attempts.ts';
import type { NoteTaken } from './hub-asks.ts';
import type { ReportSource } from './report.ts';

/** What the desk asks of the rest of the agent, after the decision is on disk. */
export interface DeskOutlet extends ReportSource {
  /** Reports leave ahead of the disk here. */
  send(frame: OwnerFrame): 'sent' | 'full' | 'closed';
  /** Rows are durable and may leave. */
  queued(hubStore: string, rows: readonly StreamRow[]): void;
  endProcess(attempt: AttemptId): void;
  /**
   * Commands are applied with the commit that was made a moment ago and is not on disk yet; what is
   * committed now shares its batch.
   */
  taken(): void;
  /** Something changed: look for work, logs and deadlines again. */
  changed(): void;
  /** Does the hub lack any of them? */
  owesArtifacts(attempt: AttemptId): boolean;
  forgotten(attempt: AttemptId): void;
  /** A message of the hub could not be applied and was kept aside. */
  quarantined(seq: number, code: ErrorCode): void;
}

/** What a desk is made from. `held` is what the store holds. */
export interface DeskParts {
  readonly committer: Committer;
  /** The committer's own: it seals these with each batch. */
  readonly rows: HeldRows;
  readonly ports: Ports;
  readonly hub: string;
  readonly outlet: DeskOutlet;
  readonly held: readonly HeldAttempt[];
  readonly streams: PeerStreams | undefined;
  /** What processes of an attempt carry. */
  readonly mark: (attempt: AttemptId) => string;
  /** Why this box does not take this work, if it does not. */
  readonly findRefusal: (spec: CommandSpec) => AppError | undefined;
  /** Writes down what the hub asked; it goes with what is committed next. */
  readonly noteTaken: NoteTaken;
}

/** What the hub says that it takes. */
export type HubTakes = Pick<HelloFrame, 'takesWhole' | 'takesEnded'>;

/** What one decision changes, to be committed together. */
export interface Plan {
  readonly ops: readonly KvOp[];
  readonly rows: readonly StreamRow[];
  readonly after: readonly (() => void)[];
  /** The attempt whose row is written. */
  readonly kept?: HeldAttempt;
  /** `buffered`: it need not outlive a loss of power; without it, synced. */
  readonly lasts?: Durability;
  /** Accepted, and not reported yet. */
  readonly unsaid?: AttemptId;
}

/** A decision that changes nothing. */
export const nothing: Plan = { ops: [], rows: [], after: [] };

/** A report with its number, and the row that it will be in the outbox. */
export interface Planned {
  readonly row: StreamRow;
  readonly op: KvOp;
}
