/*
 * The loop that copies logs to the hub: each from the hub's own cursor, by offset.
 *
 * On every new connection it asks the hub where its copy of each log ends and goes on from there. At
 * most a window of bytes, which the hub sets, is under way over all logs, taken in turns, so a slow
 * hub slows only this copying and never the work. Nothing is forgotten before the hub has it on its
 * disk.
 * Source: reliability facts R21, R22.
 */
import { wrapError } from '../../protocol/errors.ts';
import type { OwnerFrame } from '../../protocol/frames.ts';
import { logWindowBytesMax } from '../../protocol/limits.ts';
import type { AttemptId } from '../../protocol/model.ts';
import type { CancelTimer, Clock, Timers } from '../../protocol/ports.ts';
import type { LogSlice, LogStore } from '../../store/log.ts';
import { LogRoom } from '../../store/log-room.ts';
import type { HeldAttempt } from '../attempts.ts';
import type { Desk } from '../desk.ts';
import { logAheadBytesMax, logAskAgainMs, logReadBytesMax, logRoomBytes } from '../limits.ts';
import { LogCursor } from './log-cursor.ts';
import { LogPace } from './log-pace.ts';
import { Pump } from './pump.ts';

/** What the loop needs of the session. */
export interface SendLogsParts {
  readonly desk: Desk;
  readonly logs: LogStore;
  readonly send: (frame: OwnerFrame) => 'sent' | 'full' | 'closed';
  readonly clock: Clock;
  readonly timers: Timers;
  /** Where this attempt's log ends now. */
  readonly logEnd: (attempt: AttemptId) => number;
  readonly failed: (error: unknown) => void;
  readonly noticed: (line: string) => void;
}

/** How a log is read. */
interface Reading {
  readonly work: 'runs' | 'ended';
  readonly room: LogRoom | undefined;
}

/** What the hub said of its copy. */
export interface LogAck {
  readonly offset: number;
  readonly isReset: boolean;
  /** Bytes that may be under way over all logs; an older hub does not say. */
  readonly window?: number;
}

/** Life cycle: `linked` and `unlinked` as connections come and go, `wake` when a log grew. */
export class SendLogs {
  readonly #parts: SendLogsParts;
  readonly #cursors = new Map<AttemptId, LogCursor>();
  readonly #pump: Pump;
  #isLinked = false;
  #isFull = false;
  #sentLast: AttemptId | undefined;
  /** Logs that could not be read on this connection; said once. */
  readonly #unread = new Set<AttemptId>();
  #pace = new LogPace();
  /** What one log was read into. A frame is copied as it is sent, so it is free once all of it was. */
  readonly #room = new LogRoom(logRoomBytes);
  #roomOf: LogCursor | undefined;
  #cancelTimer: CancelTimer | undefined;

  constructor(parts: SendLogsParts) {
    this.#parts = parts;
    this.#pump = new Pump({
      isOpen: () => this.#isLinked,
      run: () => this.#sendOwed(),
      failed: parts.failed,
    });
  }

  /** One line for people. */
  get status(): string {
    return this.#isLinked
      ? `${this.#cursors.size} logs open, ${this.#underWay()} bytes under way`
      : 'no link';
  }

  /** A connection opened: ask for every cursor anew. */
  linked(): void {
    this.#isLinked = true;
    this.#isFull = false;
    this.#pace = new LogPace();
    this.#cursors.clear();
    this.#unread.clear();
    this.#watch();
    this.wake();
  }

  unlinked(): void {
    this.#isLinked = false;
    this.#cancelTimer?.();
    this.#cursors.clear();
  }

  /** The connection takes frames again. */
  drained(): void {
    this.#isFull = false;
    this.wake();
  }

  /** The hub's copy is durable up to the ack's offset. */
  acked(attempt: AttemptId, ack: LogAck): void {
    if (ack.window !== undefined) this.#pace.grant(ack.window);
    if (ack.isReset) this.#pace.forget();
    else this.#pace.acked(attempt, ack.offset, this.#parts.clock.monotonicMs());
    this.#cursors.get(attempt)?.noteAck(ack);
    this.wake();
  }

  /** Nothing is owed for this attempt any more. */
  forget(attempt: AttemptId): void {
    this.#cursors.delete(attempt);
  }

  /** Sends what may be sent. Safe to call at any time; runs once at a time. */
  wake(): void {
    this.#pump.wake();
  }

  async #sendOwed(): Promise<void> {
    let hasSent = true;
    while (hasSent && this.#isLinked) {
      hasSent = false;
      for (const held of this.#listTurns()) {
        if (held.state.is === 'accepted' || held.state.is === 'starting') continue;
        // What has printed nothing costs the hub no question. One whose log is gone although its row
        // says that it printed was delivered before a crash: the hub will say so.
        if (this.#parts.logEnd(held.attempt) === 0 && !held.logBytes) continue;
        if (this.#isFull || !this.#isLinked) return;
        if (await this.#sendOne(held.attempt)) hasSent = true;
      }
    }
  }

  /** All logs, beginning after the one that sent last: else the oldest would have all the room there is. */
  #listTurns(): readonly HeldAttempt[] {
    const held = this.#parts.desk.list();
    const at = held.findIndex(({ attempt }) => attempt === this.#sentLast) + 1;
    return [...held.slice(at), ...held.slice(0, at)];
  }

  /** Sends one frame of one log; false when there is nothing to send or no room. */
  async #sendOne(attempt: AttemptId): Promise<boolean> {
    const cursor = this.#cursors.get(attempt);
    if (cursor === undefined) {
      this.#cursors.set(attempt, new LogCursor());
      this.#send({ t: 'log-ask', attempt });
      return false;
    }
    if (cursor.acked === undefined) return false;
    const held = this.#parts.desk.find(attempt);
    if (held?.state.is === 'finished' && cursor.acked >= (held.logBytes ?? 0)) {
      this.#parts.desk.logDelivered(attempt);
      return false;
    }
    if (!this.#hasRoom()) return false;
    if (!cursor.hasAhead) {
      const from = cursor.sentThrough;
      const room = this.#lendRoom(cursor);
      const work = held?.state.is === 'running' ? 'runs' : 'ended';
      const slice = await this.#readOrRest(attempt, from, { work, room });
      if (slice === undefined || cursor.sentThrough !== from) return false;
      if (this.#cursors.get(attempt) !== cursor) return false;
      cursor.fill(held?.state.is === 'finished' ? closeEnd(slice, held.logBytes ?? 0) : slice);
      if (!cursor.hasAhead) return false;
    }
    const { from, records, next } = cursor.take(this.#pace.frameBytes);
    this.#sentLast = attempt;
    this.#pace.sent(attempt, next, this.#parts.clock.monotonicMs());
    this.#send({ t: 'log', attempt, from, records: [...records], next });
    return true;
  }

  /** One that can't be read just now holds up no other, and is asked for again as if no answer had come. */
  async #readOrRest(attempt: AttemptId, from: number, how: Reading): Promise<LogSlice | undefined> {
    try {
      return await this.#read(attempt, from, how);
    } catch (thrown) {
      const cursor = this.#cursors.get(attempt);
      if (cursor === undefined) return undefined;
      cursor.acked = undefined;
      const { message } = wrapError(thrown, 'STORE_IO');
      if (!this.#unread.has(attempt)) {
        this.#parts.noticed(`the log of ${attempt} cannot be read now: ${message}`);
      }
      this.#unread.add(attempt);
      return undefined;
    }
  }

  /** A piece from `from` on; no more than can be sent soon. */
  async #read(attempt: AttemptId, from: number, { work, room }: Reading): Promise<LogSlice> {
    const log = await this.#parts.logs.open(attempt);
    const isRoomy = this.#sum(({ aheadBytes }) => aheadBytes) + logReadBytesMax <= logAheadBytesMax;
    const bytesMax = isRoomy ? logReadBytesMax : this.#pace.frameBytes;
    const slice = await log.read(from, bytesMax, room);
    const start = slice.records[0]?.offset ?? slice.next;
    if (start <= from || work === 'ended') return slice;
    // Outrun by the work: what follows is about to fall out of the log too. Go on near its end.
    room?.clear();
    return log.read(Math.max(start, log.end - logWindowBytesMax), bytesMax, room);
  }

  /** The room, cleared, where no other log that is still sent has something in it. */
  #lendRoom(cursor: LogCursor): LogRoom | undefined {
    const isBusy = this.#roomOf?.hasAhead && [...this.#cursors.values()].includes(this.#roomOf);
    if (isBusy) return undefined;
    this.#roomOf = cursor;
    this.#room.clear();
    return this.#room;
  }

  /** Frames of logs are not durable: where no answer comes, the log is asked for from the start. */
  #watch(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#parts.timers.after(logAskAgainMs, () => {
      for (const [attempt, cursor] of this.#cursors) {
        const isOwed = cursor.acked === undefined || cursor.underWay > 0;
        if (isOwed && cursor.isQuiet) this.#cursors.delete(attempt);
        cursor.isQuiet = isOwed;
      }
      this.wake();
      this.#watch();
    });
  }

  #send(frame: OwnerFrame): void {
    if (this.#parts.send(frame) === 'full') this.#isFull = true;
  }

  /** One frame may always be under way; the next only where it fits whole. */
  #hasRoom(): boolean {
    const underWay = this.#underWay();
    const { window, frameBytes } = this.#pace;
    return underWay === 0 || underWay + frameBytes <= window;
  }

  #underWay(): number {
    return this.#sum(({ underWay }) => underWay);
  }

  #sum(count: (cursor: LogCursor) => number): number {
    let sum = 0;
    for (const cursor of this.#cursors.values()) sum += count(cursor);
    return sum;
  }
}

/** The log of ended work reaches to where its report says: what its disk lost of the very end is a gap like any other. */
function closeEnd(slice: LogSlice, logBytes: number): LogSlice {
  return slice.next < slice.end ? slice : { ...slice, next: Math.max(slice.next, logBytes) };
}
