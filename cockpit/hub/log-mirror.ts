/*
 * The hub's copies of its workers' logs, and those who follow them.
 *
 * A worker asks where a copy ends and sends from there; what arrives is appended in order, synced,
 * and only then acknowledged. Chunks of one log pass one at a time; logs do not wait for each
 * other. A worker can write only to logs of attempts that it holds or held. What the disk does not
 * take is not acknowledged and dropped: the worker still has it, and asks again by itself.
 */
import { AppError } from '../../protocol/errors.ts';
import type { OwnerFrame } from '../../protocol/frames.ts';
import { logAsksMax, logWindowBytesMax } from '../../protocol/limits.ts';
import type { AttemptId, PeerKey } from '../../protocol/model.ts';
import type { DiskGuard } from '../../store/disk-guard.ts';
import type { Log, LogRecord, LogSlice, LogStore } from '../../store/log.ts';
import { splitAttemptId } from '../manager/job.ts';
import type { HubDesk } from './desk.ts';

/** "I do not want this log": an offset that no log reaches, so that the worker may forget it. */
export const logUnwanted = Number.MAX_SAFE_INTEGER;

/** What says that the disk, or the store on it, takes nothing just now. */
const diskCodes = new Set<string>(['STORE_IO', 'DISK_FULL', 'STORE_REOPENING', 'STORE_FULL']);

type LogFrame = Extract<OwnerFrame, { t: 'log' }>;

/** What the mirror needs. */
export interface LogMirrorParts {
  readonly logs: LogStore;
  readonly disk: DiskGuard;
  readonly desk: HubDesk;
  readonly failed: (error: unknown) => void;
  readonly noticed: (line: string) => void;
}

interface Lane {
  waiting: LogFrame[];
  isBusy: boolean;
}

interface Draining {
  readonly worker: PeerKey;
  readonly attempt: AttemptId;
  readonly lane: Lane;
  readonly answer: (frame: OwnerFrame) => void;
}

/** Life cycle: it lives as long as its log store. */
export class LogMirror {
  readonly #parts: LogMirrorParts;
  /** By worker and attempt: what one worker sends never waits in another's lane. */
  readonly #lanes = new Map<string, Lane>();
  /** Bytes that wait for the disk, by worker. */
  readonly #waitingBytes = new Map<PeerKey, number>();
  /** Questions that are being answered, by worker. */
  readonly #asks = new Map<PeerKey, number>();
  readonly #followers = new Map<AttemptId, Set<() => void>>();
  /** Failures of the disk since the last chunk that was kept. */
  #missedCount = 0;

  constructor(parts: LogMirrorParts) {
    this.#parts = parts;
  }

  /** Takes a worker's frame; `answer` sends back to that worker. */
  take(worker: PeerKey, frame: OwnerFrame, answer: (frame: OwnerFrame) => void): void {
    if (frame.t === 'log-ask') {
      void this.#takeAsk(worker, frame.attempt, answer).catch((error) => this.#missed(error));
    } else if (frame.t === 'log') {
      void this.#queue(worker, frame, answer).catch((error) => this.#missed(error));
    }
  }

  /** A copy that cannot be written now is late, no more; anything else is a fault of ours. */
  #missed(thrown: unknown): void {
    const isOfDisk = thrown instanceof AppError && diskCodes.has(thrown.code);
    if (!isOfDisk) return this.#parts.failed(thrown);
    if (this.#missedCount === 0) this.#parts.noticed(`a log waits for the disk: ${thrown.message}`);
    this.#missedCount += 1;
  }

  /** Where the copy ends now. */
  async findEnd(attempt: AttemptId): Promise<number> {
    return (await this.#parts.logs.open(attempt)).end;
  }

  /** A piece of the copy. */
  async read(attempt: AttemptId, from: number, bytesMax: number): Promise<LogSlice> {
    const log = await this.#parts.logs.open(attempt);
    return log.read(from, bytesMax);
  }

  /** Calls `run` after each growth of the copy, until the returned function is called. */
  follow(attempt: AttemptId, run: () => void): () => void {
    const followers = this.#followers.get(attempt) ?? new Set();
    this.#followers.set(attempt, followers);
    followers.add(run);
    return () => {
      followers.delete(run);
      if (followers.size === 0 && this.#followers.get(attempt) === followers) {
        this.#followers.delete(attempt);
      }
    };
  }

  /** A sound worker asks once for each log; what is over the cap is not answered. */
  async #takeAsk(
    worker: PeerKey,
    attempt: AttemptId,
    answer: (frame: OwnerFrame) => void,
  ): Promise<void> {
    const waiting = this.#asks.get(worker) ?? 0;
    if (waiting >= logAsksMax) return;
    this.#asks.set(worker, waiting + 1);
    try {
      await this.#answerAsk(worker, attempt, answer);
    } finally {
      const left = (this.#asks.get(worker) ?? 1) - 1;
      if (left > 0) this.#asks.set(worker, left);
      else this.#asks.delete(worker);
    }
  }

  async #answerAsk(
    worker: PeerKey,
    attempt: AttemptId,
    answer: (frame: OwnerFrame) => void,
  ): Promise<void> {
    const isHolder = await this.#isHolder(worker, attempt);
    const offset = isHolder ? await this.#findDurableEnd(attempt) : logUnwanted;
    answer({ t: 'log-ack', attempt, offset, isReset: true });
  }

  /** The worker may forget what lies before it, so it is not said before it is on the disk. */
  async #findDurableEnd(attempt: AttemptId): Promise<number> {
    const log = await this.#parts.logs.open(attempt);
    const { end } = log;
    await log.sync();
    // Mended by the sync, it may end earlier than it did.
    return Math.min(end, log.end);
  }

  async #queue(
    worker: PeerKey,
    frame: LogFrame,
    answer: (frame: OwnerFrame) => void,
  ): Promise<void> {
    const bytes = countBytes(frame);
    const waiting = this.#waitingBytes.get(worker) ?? 0;
    // A worker that keeps to its window never comes near this; what is dropped is asked for again.
    if (waiting + bytes > 4 * logWindowBytesMax) return;
    this.#waitingBytes.set(worker, waiting + bytes);
    const key = `${worker} ${frame.attempt}`;
    const lane = this.#lanes.get(key) ?? { waiting: [], isBusy: false };
    this.#lanes.set(key, lane);
    lane.waiting.push(frame);
    if (lane.isBusy) return;
    lane.isBusy = true;
    try {
      if (await this.#isHolder(worker, frame.attempt))
        await this.#drain({ worker, attempt: frame.attempt, lane, answer });
    } finally {
      this.#release(worker, lane.waiting);
      this.#lanes.delete(key);
    }
  }

  #release(worker: PeerKey, frames: readonly LogFrame[]): void {
    const freed = frames.reduce((sum, frame) => sum + countBytes(frame), 0);
    const left = (this.#waitingBytes.get(worker) ?? 0) - freed;
    if (left > 0) this.#waitingBytes.set(worker, left);
    else this.#waitingBytes.delete(worker);
  }

  /** Everything that waits goes to disk with one sync and one ack. */
  async #drain({ worker, attempt, lane, answer }: Draining): Promise<void> {
    const log = await this.#parts.logs.open(attempt);
    while (lane.waiting.length > 0) {
      if (!(await this.#parts.disk.hasLogRoom())) throw new AppError('DISK_FULL');
      const frames = lane.waiting;
      lane.waiting = [];
      const isReset = await keep(log, frames).finally(() => this.#release(worker, frames));
      this.#missedCount = 0;
      answer({ t: 'log-ack', attempt, offset: log.end, isReset });
      for (const run of this.#followers.get(attempt) ?? []) run();
    }
  }

  async #isHolder(worker: PeerKey, attempt: AttemptId): Promise<boolean> {
    const { job: id, n } = splitAttemptId(attempt);
    const job = await this.#parts.desk.find(id);
    if (job?.kind !== 'command') return false;
    return job.attempts.some((held) => held.n === n && held.worker === worker);
  }
}

/** What a frame costs to keep: its bytes, and a little for each record. */
function countBytes(frame: LogFrame): number {
  return frame.records.reduce((sum, record) => sum + record.bytes.length + 64, 64);
}

/** Writes and syncs what follows the copy; true where something did not and must come again. */
async function keep(log: Log, frames: readonly LogFrame[]): Promise<boolean> {
  let isReset = false;
  for (const frame of frames) {
    // What does not follow the copy is not taken; the worker goes on from where the copy ends.
    if (frame.from > log.end) isReset = true;
    else await append(log, frame);
  }
  await log.sync();
  return isReset;
}

/** Appends what the copy does not have yet. */
async function append(log: Log, frame: LogFrame): Promise<void> {
  const fresh: LogRecord[] = [];
  for (const record of frame.records) {
    const skip = Math.max(0, log.end - record.offset);
    if (skip >= record.bytes.length) continue;
    fresh.push({ ...record, offset: record.offset + skip, bytes: record.bytes.subarray(skip) });
  }
  if (fresh.length > 0) await log.append(fresh);
  if (frame.next > log.end) await log.skipTo(frame.next);
}
