/*
 * The hub's copies of its workers' logs, and those who follow them.
 *
 * A worker asks where a copy ends and sends from there; what arrives is appended in order, synced,
 * and only then acknowledged; the next is appended while the one before is synced. Logs do not
 * wait for each other. Every ack says how much its worker may have under way: `LogWindows` decides it.
 * A worker can write only to logs of attempts that it holds or held. What the disk does not take is
 * not acknowledged and dropped: the worker still has it, and asks again by itself.
 */
import { AppError } from '../../protocol/errors.ts';
import type { OwnerFrame } from '../../protocol/frames.ts';
import { logAsksMax, logWindowBytesMax } from '../../protocol/limits.ts';
import type { AttemptId, PeerKey } from '../../protocol/model.ts';
import type { Clock } from '../../protocol/ports.ts';
import type { DiskGuard } from '../../store/disk-guard.ts';
import type { Log, LogGap, LogGapCause, LogRecord, LogSlice, LogStore } from '../../store/log.ts';
import { splitAttemptId } from '../manager/job.ts';
import type { HubDesk } from './desk.ts';
import { DiskWait } from './disk-wait.ts';
import { logHoldersMax, logWaitingBytesMax } from './limits.ts';
import { LogOffers } from './log-offers.ts';
import { LogWindows } from './log-windows.ts';

/** "I do not want this log": an offset that no log reaches, so that the worker may forget it. */
export const logUnwanted = Number.MAX_SAFE_INTEGER;

type LogFrame = Extract<OwnerFrame, { t: 'log' }>;

/** What the mirror needs. */
export interface LogMirrorParts {
  readonly logs: LogStore;
  readonly disk: DiskGuard;
  readonly desk: HubDesk;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly failed: (error: unknown) => void;
  readonly noticed: (line: string) => void;
}

/** One log of one worker, while something of it is under way. */
interface Lane {
  readonly worker: PeerKey;
  readonly attempt: AttemptId;
  readonly answer: (frame: OwnerFrame) => void;
  waiting: LogFrame[];
  isAppending: boolean;
  isSyncing: boolean;
  /** Appended and not synced: what the ack will say. */
  unsynced: { readonly offset: number; readonly isReset: boolean } | undefined;
}

/** What one worker has waiting here. */
interface Share {
  bytes: number;
  laneCount: number;
}

/** Life cycle: it lives as long as its log store. */
export class LogMirror {
  readonly #parts: LogMirrorParts;
  /** By worker and attempt: what one worker sends never waits in another's lane. */
  readonly #lanes = new Map<string, Lane>();
  /** Workers with a lane. */
  readonly #shares = new Map<PeerKey, Share>();
  #waitingBytes = 0;
  readonly #windows: LogWindows;
  /** What its workers asked about, and what they were told. */
  readonly offers: LogOffers;
  /** Questions that are being answered, by worker. */
  readonly #asks = new Map<PeerKey, number>();
  /** Who holds or held an attempt, as it then does until that is forgotten. */
  readonly #holders = new Map<AttemptId, PeerKey>();
  readonly #followers = new Map<AttemptId, Set<() => void>>();
  readonly #diskWait: DiskWait;

  constructor(parts: LogMirrorParts) {
    this.#parts = parts;
    this.#diskWait = new DiskWait({ ...parts, subject: 'a log' });
    this.#windows = new LogWindows(parts.clock);
    this.offers = new LogOffers(parts.clock);
  }

  /** Takes a worker's frame; `answer` sends back to that worker. */
  take(worker: PeerKey, frame: OwnerFrame, answer: (frame: OwnerFrame) => void): void {
    if (frame.t === 'log-ask') {
      void this.#takeAsk(worker, frame.attempt, answer).catch((error) =>
        this.#diskWait.missed(error),
      );
    } else if (frame.t === 'log') {
      this.#queue(worker, frame, answer);
    }
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

  /** The piece of the copy that lies before an offset. */
  async readBack(
    attempt: AttemptId,
    before: number,
    bytesMax: number,
  ): Promise<readonly LogRecord[]> {
    const log = await this.#parts.logs.open(attempt);
    return log.readBack(before, bytesMax);
  }

  /** Why a gap of the copy is there. */
  async explainGap(attempt: AttemptId, gap: LogGap): Promise<LogGapCause> {
    return (await this.#parts.logs.open(attempt)).explainGap(gap);
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

  /** Its job is going: what its worker still sends of it is not wanted. */
  forget(attempt: AttemptId): void {
    this.#holders.delete(attempt);
    this.offers.forget(attempt);
  }

  /** A sound worker asks once for each log; what is over the cap is not answered. */
  async #takeAsk(
    worker: PeerKey,
    attempt: AttemptId,
    answer: (frame: OwnerFrame) => void,
  ): Promise<void> {
    const waiting = this.#asks.get(worker) ?? 0;
    if (waiting >= logAsksMax) return this.offers.noteUnheard(worker);
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
    if (isHolder) {
      this.#windows.note(worker);
      this.offers.noteAsk(worker, attempt);
    }
    const offset = isHolder ? await this.#findDurableEnd(attempt) : logUnwanted;
    if (isHolder) this.offers.noteTold(worker, attempt, offset);
    answer({ t: 'log-ack', attempt, offset, isReset: true, window: this.#windows.find() });
  }

  /** The worker may forget what lies before it, so it is not said before it is on the disk. */
  async #findDurableEnd(attempt: AttemptId): Promise<number> {
    return (await this.#parts.logs.open(attempt)).sync();
  }

  #queue(worker: PeerKey, frame: LogFrame, answer: (frame: OwnerFrame) => void): void {
    const bytes = countBytes(frame);
    const own = this.#shares.get(worker)?.bytes ?? 0;
    // A worker that keeps to its window never comes near this; what is dropped is asked for again.
    const isOver = own + bytes > 2 * logWindowBytesMax;
    if (isOver || this.#waitingBytes + bytes > logWaitingBytesMax) return;
    const lane = this.#openLane(worker, frame.attempt, answer);
    this.#account(lane, bytes);
    lane.waiting.push(frame);
    this.#advance(lane);
  }

  #openLane(worker: PeerKey, attempt: AttemptId, answer: (frame: OwnerFrame) => void): Lane {
    const key = nameLane(worker, attempt);
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const parts = { worker, attempt, answer, unsynced: undefined };
    const lane: Lane = { ...parts, waiting: [], isAppending: false, isSyncing: false };
    this.#lanes.set(key, lane);
    const share = this.#shares.get(worker) ?? { bytes: 0, laneCount: 0 };
    share.laneCount += 1;
    this.#shares.set(worker, share);
    return lane;
  }

  #closeLane({ worker, attempt }: Lane): void {
    this.#lanes.delete(nameLane(worker, attempt));
    const share = this.#shares.get(worker);
    if (share === undefined) return;
    share.laneCount -= 1;
    if (share.laneCount === 0) this.#shares.delete(worker);
  }

  #account({ worker }: Lane, bytes: number): void {
    this.#waitingBytes += bytes;
    const share = this.#shares.get(worker);
    if (share !== undefined) share.bytes += bytes;
  }

  /** Begins what can begin; called whenever something arrived or was done. */
  #advance(lane: Lane): void {
    if (!lane.isAppending && lane.waiting.length > 0) {
      lane.isAppending = true;
      this.#perform(lane, this.#append(lane), 'isAppending');
    }
    if (!lane.isSyncing && lane.unsynced !== undefined) {
      lane.isSyncing = true;
      this.#perform(lane, this.#sync(lane), 'isSyncing');
    }
    if (!lane.isAppending && !lane.isSyncing) this.#closeLane(lane);
  }

  #perform(lane: Lane, done: Promise<void>, flag: 'isAppending' | 'isSyncing'): void {
    void done
      .catch((error: unknown) => this.#diskWait.missed(error))
      .finally(() => {
        lane[flag] = false;
        this.#advance(lane);
      });
  }

  /** Everything that waits goes to the copy at once. */
  async #append(lane: Lane): Promise<void> {
    let frames: readonly LogFrame[] = [];
    try {
      const isHolder = await this.#isHolder(lane.worker, lane.attempt);
      const log = isHolder ? await this.#parts.logs.open(lane.attempt) : undefined;
      // Taken only now, so that what came meanwhile is part of it.
      frames = takeWaiting(lane);
      if (log === undefined) return;
      this.#windows.note(lane.worker);
      if (!(await this.#parts.disk.hasLogRoom())) throw new AppError('DISK_FULL');
      // What does not follow the copy is not taken; the worker goes on from where the copy ends.
      const isReset = await appendFrames(log, frames);
      const wasReset = lane.unsynced?.isReset === true;
      lane.unsynced = { offset: log.end, isReset: isReset || wasReset };
    } catch (thrown) {
      // The copy could not be opened or written, so nothing that waits can be.
      frames = [...frames, ...takeWaiting(lane)];
      throw thrown;
    } finally {
      this.#account(lane, -frames.reduce((sum, frame) => sum + countBytes(frame), 0));
    }
  }

  /** What was appended comes to the disk, and only then is acknowledged. */
  async #sync(lane: Lane): Promise<void> {
    const { unsynced, worker, attempt, answer } = lane;
    lane.unsynced = undefined;
    if (unsynced === undefined) return;
    const log = await this.#parts.logs.open(attempt);
    const offset = await log.sync();
    this.#diskWait.kept();
    // Mended by the sync, the copy may end earlier than it did.
    const isReset = unsynced.isReset || offset < unsynced.offset;
    this.offers.noteTold(worker, attempt, offset);
    answer({ t: 'log-ack', attempt, offset, isReset, window: this.#windows.find() });
    for (const run of this.#followers.get(attempt) ?? []) run();
  }

  async #isHolder(worker: PeerKey, attempt: AttemptId): Promise<boolean> {
    if (this.#holders.get(attempt) === worker) return true;
    const { job: id, n } = splitAttemptId(attempt);
    const job = await this.#parts.desk.find(id);
    if (job?.kind !== 'command') return false;
    const isHolder = job.attempts.some((held) => held.n === n && held.worker === worker);
    if (this.#holders.size >= logHoldersMax) this.#holders.clear();
    if (isHolder) this.#holders.set(attempt, worker);
    return isHolder;
  }
}

/** What a frame costs to keep: its bytes, and a little for each record. */
function countBytes(frame: LogFrame): number {
  return frame.records.reduce((sum, record) => sum + record.bytes.length + 64, 64);
}

function takeWaiting(lane: Lane): readonly LogFrame[] {
  const frames = lane.waiting;
  lane.waiting = [];
  return frames;
}

function nameLane(worker: PeerKey, attempt: AttemptId): string {
  return `${worker} ${attempt}`;
}

/** Appends what the copy does not have yet; true when a frame did not follow it and was left out. */
async function appendFrames(log: Log, frames: readonly LogFrame[]): Promise<boolean> {
  let isReset = false;
  const after = log.end;
  let end = after;
  const fresh: LogRecord[] = [];
  for (const frame of frames) {
    if (frame.from > end) {
      isReset = true;
      continue;
    }
    for (const record of frame.records) {
      const skip = Math.max(0, end - record.offset);
      if (skip >= record.bytes.length) continue;
      fresh.push({ ...record, offset: record.offset + skip, bytes: record.bytes.subarray(skip) });
      end = record.offset + record.bytes.length;
    }
    end = Math.max(end, frame.next);
  }
  return (await appendOrLeave(log, fresh, { after, end })) === 'left' || isReset;
}

/** Where a failed sync turns out to have lost the end of the copy nothing is appended: the worker has it, and a gap would hide it. */
async function appendOrLeave(
  log: Log,
  fresh: readonly LogRecord[],
  { after, end }: { readonly after: number; readonly end: number },
): Promise<'appended' | 'left'> {
  const last = fresh.at(-1);
  const appended = last === undefined ? after : last.offset + last.bytes.length;
  try {
    if (fresh.length > 0) await log.append(fresh, after);
    if (end > appended) await log.skipTo(end, appended);
    return 'appended';
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'LOG_OFFSET') return 'left';
    throw thrown;
  }
}
