/*
 * The log contract: the output of one attempt, in order, addressed by byte offset.
 *
 * An offset counts bytes of output (stdout and stderr together) from the start of the attempt, on
 * the worker and on the hub alike, so a copy can be resumed at any offset. A log over its cap keeps
 * its head and its tail; what fell out is a jump in the offsets, and readers say so. Two
 * implementations, files and in-memory, pass test/conformance/log.ts. Errors: LOG_OFFSET, STORE_IO.
 */
import { AppError } from '../protocol/errors.ts';
import type { AttemptId, LogStream } from '../protocol/model.ts';
import type { LogRoom } from './log-room.ts';

/** A run of output from one stream. `offset` is that of its first byte; `at` wall milliseconds. */
export interface LogRecord {
  readonly offset: number;
  readonly stream: LogStream;
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** What a read found. `next` is where to go on; it equals `end` when there is no more yet. */
export interface LogSlice {
  readonly records: readonly LogRecord[];
  readonly next: number;
  readonly end: number;
}

/** A stretch of a log without output. */
export interface LogGap {
  readonly from: number;
  readonly to: number;
}

/**
 * Why it has none: it was dropped, at this log's cap or before it came here; or it was here and is lost, for the files
 * are damaged or gone.
 */
export type LogGapCause = 'dropped' | 'lost';

/** One attempt's log. */
export interface Log {
  /** Offset just after the last byte appended. */
  readonly end: number;
  /**
   * Appends in order. A record may begin later than `end` (the bytes between were dropped
   * elsewhere: a gap), never earlier: LOG_OFFSET. Not durable until `sync`. The bytes belong to the
   * log from now on: it may keep them, so nobody changes them any more. `after`: where the log must end for
   * this, else LOG_OFFSET and nothing is done: what a failed sync lost shows only as the log is written again.
   */
  append(records: readonly LogRecord[], after?: number): Promise<void>;
  /**
   * Everything whose append was asked for before this call survives the loss of power once this
   * resolves; gives the end of that. Appends go on meanwhile.
   */
  sync(): Promise<number>;
  /**
   * Up to `bytesMax` bytes of output (at least one byte when there is one) from `from` on, records
   * cut to fit. Where `from` lies in a gap the slice begins after it. The bytes are the log's: they
   * are not to be changed. With a room they may lie in it, until it is cleared.
   */
  read(from: number, bytesMax: number, room?: LogRoom): Promise<LogSlice>;
  /**
   * Up to `bytesMax` bytes of output (at least one where there is one) that lie just before `before`,
   * in order, jumping gaps as `read` does. The bytes are the log's: they are not to be changed.
   */
  readBack(before: number, bytesMax: number): Promise<readonly LogRecord[]>;
  /** Why a gap that a reader met is there. Where it can't be told, as in old logs that were full elsewhere, it is lost. */
  explainGap(gap: LogGap): Promise<LogGapCause>;
  /** Says that the log ends at `end` although the bytes before it were dropped (a gap at the tail); `after` as in `append`. */
  skipTo(end: number, after?: number): Promise<void>;
}

/** All logs of one home. */
export interface LogStore {
  /** Opens or creates; the same object while it is open. Recovers a torn tail after a crash. */
  open(attempt: AttemptId): Promise<Log>;
  /**
   * Opens a log that cannot be read to its end, or not be synced, and cuts it off where it can't be read. Whoever had
   * it open before has a closed one. For a log to which nothing will be appended any more.
   */
  cut(attempt: AttemptId): Promise<Log>;
  /** Logs that something was written to, in the order of jobs and attempts. */
  list(): Promise<readonly AttemptId[]>;
  remove(attempt: AttemptId): Promise<void>;
  close(): Promise<void>;
}

/** Bytes that one log may keep, head and tail together. Source: issue text, 64 MiB a job. */
export const logBytesDefault = 64 * 1024 * 1024;

/** Errors: LOG_OFFSET where something is to follow another place than the log's end. */
export function checkFollows(end: number, after: number | undefined): void {
  if (after === undefined || after === end) return;
  throw new AppError('LOG_OFFSET', `The log ends at ${end}, not at ${after}.`);
}
