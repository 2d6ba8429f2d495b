/*
 * The hub's copies of what its workers' jobs brought.
 *
 * A worker asks how far a copy has come and sends from there; pieces are appended in order, synced,
 * and acknowledged; the last one is followed by a check of the whole, and only a file that is what
 * its worker reported is ever called whole. Then the worker is told that it may forget its own. A
 * worker can bring only what it reported, of attempts that are recorded as its own. What the disk
 * does not take is dropped: the worker still has it, and asks again. Source: reliability facts R21.
 */
import { AppError } from '../../protocol/errors.ts';
import type { OwnerFrame } from '../../protocol/frames.ts';
import { artifactWindowBytesMax } from '../../protocol/limits.ts';
import type { ArtifactEntry, AttemptId, PeerKey } from '../../protocol/model.ts';
import type { ArtifactId, ArtifactLook, ArtifactStore } from '../../store/artifact.ts';
import type { DiskGuard } from '../../store/disk-guard.ts';
import { splitAttemptId } from '../manager/job.ts';
import type { HubDesk } from './desk.ts';
import { DiskWait } from './disk-wait.ts';
import { artifactTriesMax } from './limits.ts';

type Piece = Extract<OwnerFrame, { t: 'artifact' }>;
type Ask = Extract<OwnerFrame, { t: 'artifact-ask' }>;
type Answer = (frame: OwnerFrame) => void;

/** What the mirror needs. */
export interface ArtifactMirrorParts {
  readonly artifacts: ArtifactStore;
  readonly disk: DiskGuard;
  readonly desk: HubDesk;
  readonly failed: (error: unknown) => void;
  readonly noticed: (line: string) => void;
}

/** One file of one worker, while something of it is under way. */
interface Lane {
  readonly worker: PeerKey;
  readonly id: ArtifactId;
  readonly answer: Answer;
  waiting: (Piece | Ask)[];
}

/** Life cycle: it lives as long as its store. */
export class ArtifactMirror {
  readonly #parts: ArtifactMirrorParts;
  /** By worker and file: what one worker sends never waits in another's lane. */
  readonly #lanes = new Map<string, Lane>();
  /** Bytes that wait for the disk, by worker. */
  readonly #waitingBytes = new Map<PeerKey, number>();
  /** How often a copy was not what was reported; kept until it is whole or given up. */
  readonly #damages = new Map<string, number>();
  readonly #diskWait: DiskWait;

  constructor(parts: ArtifactMirrorParts) {
    this.#parts = parts;
    this.#diskWait = new DiskWait({ ...parts, subject: 'an artifact' });
  }

  /** Takes a worker's frame; `answer` sends back to that worker. */
  take(worker: PeerKey, frame: Piece | Ask, answer: Answer): void {
    const { attempt, index } = frame;
    const bytes = sizeOf(frame);
    const waiting = this.#waitingBytes.get(worker) ?? 0;
    // A worker that keeps to its window never comes near this; what is dropped is asked for again.
    if (waiting + bytes > 4 * artifactWindowBytesMax) return;
    this.#waitingBytes.set(worker, waiting + bytes);
    const key = `${worker} ${attempt}/${index}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) {
      known.waiting.push(frame);
      return;
    }
    const lane: Lane = { worker, id: { attempt, index }, answer, waiting: [frame] };
    this.#lanes.set(key, lane);
    void this.#drain(lane)
      .catch((error: unknown) => this.#diskWait.missed(error))
      .finally(() => {
        this.#lanes.delete(key);
        this.#release(worker, lane.waiting);
      });
  }

  /** How far the copy of this file has come. */
  look(id: ArtifactId): Promise<ArtifactLook> {
    return this.#parts.artifacts.look(id);
  }

  /** A part of a whole copy. Errors: ARTIFACT_UNKNOWN. */
  read(id: ArtifactId, from: number, bytesMax: number): Promise<Uint8Array> {
    return this.#parts.artifacts.read(id, from, bytesMax);
  }

  /** Removes all copies of an attempt. */
  remove(attempt: AttemptId): Promise<void> {
    return this.#parts.artifacts.remove(attempt);
  }

  /** Everything that waits goes to the disk with one sync and one ack. */
  async #drain(lane: Lane): Promise<void> {
    while (lane.waiting.length > 0) {
      const entry = await this.#findEntry(lane.worker, lane.id);
      const frames = lane.waiting;
      lane.waiting = [];
      try {
        lane.answer({
          t: 'artifact-ack',
          ...lane.id,
          ...(await this.#keep(lane.id, entry, frames)),
        });
      } finally {
        this.#release(lane.worker, frames);
      }
    }
  }

  async #keep(
    id: ArtifactId,
    entry: ArtifactEntry | undefined,
    frames: readonly (Piece | Ask)[],
  ): Promise<{ offset: number; isReset: boolean; isDone: boolean }> {
    const { artifacts, disk } = this.#parts;
    const look = await artifacts.look(id);
    // Nobody asked for it, or it is settled: the worker may forget it.
    if (entry === undefined || look.is !== 'partial') return { ...done, offset: entry?.bytes ?? 0 };
    if (!(await disk.hasLogRoom())) throw new AppError('DISK_FULL');
    let end = look.bytes;
    let isReset = false;
    for (const frame of frames) {
      if (frame.t === 'artifact-ask') {
        isReset = true;
      } else if (frame.code !== undefined) {
        await this.#giveUp(id, frame.code);
        return { ...done, offset: end };
      } else if (frame.from !== end || end + frame.bytes.length > entry.bytes) {
        isReset = true;
      } else if (frame.bytes.length > 0) {
        await artifacts.append(id, end, frame.bytes);
        end += frame.bytes.length;
      }
    }
    end = await artifacts.sync(id);
    if (end !== entry.bytes) return { offset: end, isReset, isDone: false };
    return this.#finish(id, entry);
  }

  async #finish(
    id: ArtifactId,
    entry: ArtifactEntry,
  ): Promise<{ offset: number; isReset: boolean; isDone: boolean }> {
    const name = `${id.attempt}/${id.index}`;
    if ((await this.#parts.artifacts.commit(id, entry.sha256)) === 'whole') {
      this.#damages.delete(name);
      this.#diskWait.kept();
      return { ...done, offset: entry.bytes };
    }
    const count = (this.#damages.get(name) ?? 0) + 1;
    if (count < artifactTriesMax) {
      this.#damages.set(name, count);
      return { offset: 0, isReset: true, isDone: false };
    }
    await this.#giveUp(id, 'ARTIFACT_DAMAGED');
    return { ...done, offset: 0 };
  }

  async #giveUp(id: ArtifactId, code: string): Promise<void> {
    this.#damages.delete(`${id.attempt}/${id.index}`);
    this.#parts.noticed(`artifact ${id.index} of ${id.attempt} cannot be had: ${code}`);
    await this.#parts.artifacts.lose(id, code);
  }

  /** What this worker reported under this number, of an attempt that is its own. */
  async #findEntry(worker: PeerKey, id: ArtifactId): Promise<ArtifactEntry | undefined> {
    const { job: jobId, n } = splitAttemptId(id.attempt);
    const job = await this.#parts.desk.find(jobId);
    if (job?.kind !== 'command') return undefined;
    const held = job.attempts.find((attempt) => attempt.n === n && attempt.worker === worker);
    if (held?.state.is !== 'finished') return undefined;
    return held.state.end.artifacts?.kept[id.index];
  }

  #release(worker: PeerKey, frames: readonly (Piece | Ask)[]): void {
    const freed = frames.reduce((sum, frame) => sum + sizeOf(frame), 0);
    const left = (this.#waitingBytes.get(worker) ?? 0) - freed;
    if (left > 0) this.#waitingBytes.set(worker, left);
    else this.#waitingBytes.delete(worker);
  }
}

const done = { isReset: false, isDone: true } as const;

/** What a frame costs to keep: its bytes, and a little. */
function sizeOf(frame: Piece | Ask): number {
  return 64 + (frame.t === 'artifact' ? frame.bytes.length : 0);
}
