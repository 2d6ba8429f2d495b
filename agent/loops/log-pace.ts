/*
 * How many bytes of logs may be under way, so that little stands in line before what must be delivered.
 *
 * The hub grants a window that a fast way needs; on a slow one it would fill every buffer, and a report
 * would wait behind seconds of output. So the time from sending a chunk to its ack is measured, one chunk
 * at a time: over the upper bound the window is halved, under the lower one doubled, up to the grant. It
 * begins small, for all workers of a hub that was away begin at once.
 * It never stops: a chunk fits always. Source: reliability facts A13; the idea is that of RFC 6817.
 */
import {
  logChunkBytesMax,
  logFrameBytesMax,
  logWindowBytesDefault,
  logWindowBytesMax,
} from '../../protocol/limits.ts';
import type { AttemptId } from '../../protocol/model.ts';
import { logDelayMsMax, logDelayMsMin, logPaceBytesMin } from '../limits.ts';

interface Probe {
  readonly attempt: AttemptId;
  readonly offset: number;
  readonly sentAt: number;
}

/** The window of one connection, over all logs. Instants are monotonic milliseconds. */
export class LogPace {
  #granted = logWindowBytesDefault;
  #bytes = logPaceBytesMin;
  #probe: Probe | undefined;

  /** Bytes that may be under way now. */
  get window(): number {
    return Math.min(this.#granted, this.#bytes);
  }

  /**
   * Bytes that one frame takes: a quarter of the window, so that there is always one to be synced while
   * others are on their way; a chunk at least, and no more than may be under way.
   */
  get frameBytes(): number {
    const quarter = Math.min(logFrameBytesMax, Math.floor(this.window / 4));
    return Math.min(this.window, Math.max(logChunkBytesMax, quarter));
  }

  /** The hub lets us have so much; one byte at least, for a frame of none would be sent for ever. */
  grant(bytes: number): void {
    this.#granted = Math.min(Math.max(1, bytes), logWindowBytesMax);
  }

  /** A chunk that ends at `offset` was sent. */
  sent(attempt: AttemptId, offset: number, nowMs: number): void {
    this.#probe ??= { attempt, offset, sentAt: nowMs };
  }

  /** The hub has this log up to `offset`. */
  acked(attempt: AttemptId, offset: number, nowMs: number): void {
    const probe = this.#probe;
    if (probe?.attempt !== attempt || offset < probe.offset) return;
    this.#probe = undefined;
    const delayMs = nowMs - probe.sentAt;
    if (delayMs > logDelayMsMax) this.#bytes = Math.max(logPaceBytesMin, this.#bytes / 2);
    else if (delayMs < logDelayMsMin) this.#bytes = Math.min(logWindowBytesMax, this.#bytes * 2);
  }

  /** What was measured concerns a chunk that will not be acknowledged. */
  forget(): void {
    this.#probe = undefined;
  }
}
