/*
 * The loop that brings artifacts to the hub: each from where the hub's copy ends, until it is whole there.
 *
 * It begins once the hub has the report that names them. On every new connection it asks again, so
 * that nothing which the hub has is sent twice; at most a window of bytes is under way over all files,
 * taken in turns. Like logs it stops where the link is full, so that reports never wait behind it.
 * Source: reliability facts R21, R22.
 */
import { hasSystemCode, wrapError } from '../../protocol/errors.ts';
import type { OwnerFrame } from '../../protocol/frames.ts';
import { artifactChunkBytesMax, artifactWindowBytesMax } from '../../protocol/limits.ts';
import type { AttemptId } from '../../protocol/model.ts';
import type { CancelTimer, Timers } from '../../protocol/ports.ts';
import type { ArtifactId, ArtifactStore } from '../../store/artifact.ts';
import type { Desk } from '../desk.ts';
import { artifactAskAgainMs } from '../limits.ts';
import { Pump } from './pump.ts';

/** What the loop needs of the session. */
export interface SendArtifactsParts {
  readonly desk: Desk;
  readonly artifacts: ArtifactStore;
  readonly send: (frame: OwnerFrame) => 'sent' | 'full' | 'closed';
  readonly timers: Timers;
  /** The hub has every artifact of this attempt. */
  readonly delivered: (attempt: AttemptId) => void;
  readonly failed: (error: unknown) => void;
  readonly noticed: (line: string) => void;
}

interface Cursor {
  /** The hub has this on its disk; undefined until it has said so on this connection. */
  acked: number | undefined;
  sentThrough: number;
  /** Something was owed when we last looked, and nothing was acknowledged since. */
  isQuiet: boolean;
}

type Ack = Extract<OwnerFrame, { t: 'artifact-ack' }>;

/** Life cycle: `linked` and `unlinked` as connections come and go, `wake` when something was reported. */
export class SendArtifacts {
  readonly #parts: SendArtifactsParts;
  readonly #cursors = new Map<string, Cursor>();
  /** What the hub has whole, or does not want, of the attempts still held. */
  readonly #done = new Map<AttemptId, Set<number>>();
  /** Files that could not be read on this connection; said once. */
  readonly #unread = new Set<string>();
  readonly #pump: Pump;
  #isLinked = false;
  #isFull = false;
  #cancelTimer: CancelTimer | undefined;

  constructor(parts: SendArtifactsParts) {
    this.#parts = parts;
    this.#pump = new Pump({
      isOpen: () => this.#isLinked,
      run: () => this.#sendOwed(),
      failed: parts.failed,
    });
  }

  /** Is there any artifact of this attempt that the hub does not have? */
  owes(attempt: AttemptId): boolean {
    const count = this.#parts.desk.find(attempt)?.artifacts?.kept.length ?? 0;
    return count > (this.#done.get(attempt)?.size ?? 0);
  }

  /** A connection opened: ask for every file anew. */
  linked(): void {
    this.#isLinked = true;
    this.#isFull = false;
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

  /** What the hub said of its copy. */
  acked({ attempt, index, offset, isReset, isDone }: Ack): void {
    if (isDone) return this.#noteDone({ attempt, index });
    const cursor = this.#cursors.get(nameOf({ attempt, index }));
    if (cursor === undefined) return;
    if (isReset || cursor.acked === undefined) cursor.sentThrough = offset;
    cursor.acked = isReset ? offset : Math.max(cursor.acked ?? 0, offset);
    cursor.isQuiet = false;
    this.wake();
  }

  /** Nothing is owed for this attempt any more. */
  forget(attempt: AttemptId): void {
    this.#done.delete(attempt);
  }

  /** Sends what may be sent. Safe to call at any time; runs once at a time. */
  wake(): void {
    this.#pump.wake();
  }

  async #sendOwed(): Promise<void> {
    let hasSent = true;
    while (hasSent && this.#isLinked) {
      hasSent = false;
      for (const id of this.#listOwed()) {
        if (this.#isFull || !this.#isLinked) return;
        if (await this.#sendOne(id)) hasSent = true;
      }
    }
  }

  /** What is reported, known to the hub by that, and not done. */
  #listOwed(): readonly ArtifactId[] {
    const { desk } = this.#parts;
    const heard = desk.streams?.counts.acked ?? 0;
    const owed: ArtifactId[] = [];
    for (const { attempt, artifacts, finishedSeq } of desk.list()) {
      if (artifacts === undefined || finishedSeq === undefined || finishedSeq > heard) continue;
      const done = this.#done.get(attempt);
      for (let index = 0; index < artifacts.kept.length; index += 1) {
        if (done?.has(index) !== true) owed.push({ attempt, index });
      }
    }
    return owed;
  }

  /** Sends one chunk of one file; false when there is nothing to send or no room. */
  async #sendOne(id: ArtifactId): Promise<boolean> {
    const cursor = this.#cursors.get(nameOf(id));
    if (cursor === undefined) {
      this.#cursors.set(nameOf(id), { acked: undefined, sentThrough: 0, isQuiet: false });
      this.#send({ t: 'artifact-ask', ...id });
      return false;
    }
    const entry = this.#parts.desk.find(id.attempt)?.artifacts?.kept[id.index];
    if (cursor.acked === undefined || entry === undefined) return false;
    if (this.#underWay() >= artifactWindowBytesMax || cursor.sentThrough > entry.bytes)
      return false;
    if (cursor.sentThrough === entry.bytes && entry.bytes > 0) return false;
    const from = cursor.sentThrough;
    const read = await this.#read(id, from);
    if (
      read === undefined ||
      cursor.sentThrough !== from ||
      this.#cursors.get(nameOf(id)) !== cursor
    )
      return false;
    // One past the end, so that an empty file, or the news that it is gone, is sent once.
    cursor.sentThrough = read.bytes.length === 0 ? entry.bytes + 1 : from + read.bytes.length;
    this.#send({ t: 'artifact', ...id, from, ...read });
    return true;
  }

  /** A chunk; with a code where our own copy, which was whole, is gone or on a place of the disk that can't be read. */
  async #read(
    id: ArtifactId,
    from: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly code?: string } | undefined> {
    try {
      return { bytes: await this.#parts.artifacts.read(id, from, artifactChunkBytesMax) };
    } catch (thrown) {
      const error = wrapError(thrown, 'STORE_IO');
      const isGone = error.code === 'ARTIFACT_UNKNOWN' || hasSystemCode(error.cause, 'EIO');
      if (isGone) return { bytes: new Uint8Array(0), code: 'ARTIFACT_GONE' };
      this.#rest(nameOf(id), error.message);
      return undefined;
    }
  }

  /** What can't be read just now holds up no other, and is asked for again as if no answer had come. */
  #rest(name: string, why: string): void {
    const cursor = this.#cursors.get(name);
    if (cursor === undefined) return;
    cursor.acked = undefined;
    if (!this.#unread.has(name)) this.#parts.noticed(`artifact ${name} cannot be read now: ${why}`);
    this.#unread.add(name);
  }

  #noteDone({ attempt, index }: ArtifactId): void {
    this.#cursors.delete(nameOf({ attempt, index }));
    const entry = this.#parts.desk.find(attempt)?.artifacts?.kept[index];
    if (entry === undefined) return;
    const done = this.#done.get(attempt) ?? new Set();
    this.#done.set(attempt, done);
    done.add(index);
    if (!this.owes(attempt)) this.#parts.delivered(attempt);
    this.wake();
  }

  /** These frames are not durable: where no answer comes, the file is asked for from the start. */
  #watch(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#parts.timers.after(artifactAskAgainMs, () => {
      for (const [name, cursor] of this.#cursors) {
        const isOwed = cursor.acked === undefined || cursor.sentThrough > cursor.acked;
        if (isOwed && cursor.isQuiet) this.#cursors.delete(name);
        cursor.isQuiet = isOwed;
      }
      this.wake();
      this.#watch();
    });
  }

  #send(frame: OwnerFrame): void {
    if (this.#parts.send(frame) === 'full') this.#isFull = true;
  }

  #underWay(): number {
    let bytes = 0;
    for (const { acked, sentThrough } of this.#cursors.values()) {
      bytes += sentThrough - (acked ?? sentThrough);
    }
    return bytes;
  }
}

function nameOf({ attempt, index }: ArtifactId): string {
  return `${attempt}/${index}`;
}
