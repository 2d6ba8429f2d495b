/*
 * Artifacts in memory: for tests, and for a simulator that crashes them.
 *
 * A `MemoryArtifactDisk` outlives the stores opened on it. `crash` cuts the power: of what was
 * appended to a partial since its last sync a random prefix stays, a whole one stays whole, and
 * whoever was waiting waits for ever, as a dead process does.
 */
import { createHash } from 'node:crypto';
import { AppError } from '../protocol/errors.ts';
import type { AttemptId } from '../protocol/model.ts';
import type { ArtifactId, ArtifactLook, ArtifactStore } from './artifact.ts';
import type { DiskTiming } from './disk-timing.ts';
import { drawBufferedMs, drawCount, drawSyncMs, instantTiming } from './disk-timing.ts';
import { compareAttempts } from './keys.ts';

interface Content {
  is: 'partial' | 'whole' | 'lost';
  bytes: Uint8Array;
  syncedBytes: number;
  code: string;
}

/** A simulated disk for one home's artifacts. */
export class MemoryArtifactDisk {
  readonly timing: DiskTiming;
  readonly attempts = new Map<AttemptId, Map<number, Content>>();
  #lifeCount = 0;

  constructor(timing: DiskTiming) {
    this.timing = timing;
  }

  /** How many crashes there were; a store of an earlier life is dead. */
  get lifeCount(): number {
    return this.#lifeCount;
  }

  /** Cuts the power. */
  crash(): void {
    this.#lifeCount += 1;
    for (const contents of this.attempts.values()) {
      for (const content of contents.values()) {
        const unsynced = content.bytes.length - content.syncedBytes;
        const kept = content.syncedBytes + drawCount(this.timing.random, unsynced);
        content.bytes = content.bytes.slice(0, kept);
        content.syncedBytes = kept;
      }
    }
  }

  /** For the store: resolves after a simulated delay, or never where the power was cut since `life`. */
  wait(delayMs: number, life: number): Promise<void> {
    return new Promise((resolve) => {
      this.timing.timers.after(delayMs, () => {
        if (life === this.#lifeCount) resolve();
      });
    });
  }
}

/** A disk without delays, for plain unit tests. */
export function instantArtifactDisk(): MemoryArtifactDisk {
  return new MemoryArtifactDisk(instantTiming());
}

/** Opens the artifacts on a simulated disk. */
export async function openMemoryArtifacts(disk: MemoryArtifactDisk): Promise<ArtifactStore> {
  return new MemoryArtifacts(disk);
}

class MemoryArtifacts implements ArtifactStore {
  readonly #disk: MemoryArtifactDisk;
  readonly #life: number;
  #isClosed = false;

  constructor(disk: MemoryArtifactDisk) {
    this.#disk = disk;
    this.#life = disk.lifeCount;
  }

  async look(id: ArtifactId): Promise<ArtifactLook> {
    await this.#wait(0);
    const content = this.#find(id);
    if (content?.is === 'lost') return { is: 'lost', code: content.code };
    return { is: content?.is ?? 'partial', bytes: content?.bytes.length ?? 0 };
  }

  async append(id: ArtifactId, from: number, bytes: Uint8Array): Promise<void> {
    await this.#wait(drawBufferedMs(this.#disk.timing));
    const content = this.#get(id);
    if (content.is !== 'partial' || content.bytes.length !== from) {
      throw new AppError('ARTIFACT_OFFSET', `It is at ${content.bytes.length}, not ${from}.`);
    }
    content.bytes = Buffer.concat([content.bytes, bytes]);
  }

  async sync(id: ArtifactId): Promise<number> {
    await this.#wait(drawSyncMs(this.#disk.timing));
    const content = this.#find(id);
    if (content?.is !== 'partial') return 0;
    content.syncedBytes = content.bytes.length;
    return content.syncedBytes;
  }

  async commit(id: ArtifactId, sha256: string): Promise<'whole' | 'damaged'> {
    await this.#wait(drawSyncMs(this.#disk.timing));
    const content = this.#get(id);
    if (createHash('sha256').update(content.bytes).digest('hex') !== sha256) {
      this.#disk.attempts.get(id.attempt)?.delete(id.index);
      return 'damaged';
    }
    content.is = 'whole';
    content.syncedBytes = content.bytes.length;
    return 'whole';
  }

  async lose(id: ArtifactId, code: string): Promise<void> {
    await this.#wait(drawSyncMs(this.#disk.timing));
    Object.assign(this.#get(id), { is: 'lost', bytes: new Uint8Array(0), syncedBytes: 0, code });
  }

  async read(id: ArtifactId, from: number, bytesMax: number): Promise<Uint8Array> {
    await this.#wait(0);
    const content = this.#find(id);
    if (content?.is !== 'whole') throw new AppError('ARTIFACT_UNKNOWN');
    return new Uint8Array(content.bytes.slice(from, from + bytesMax));
  }

  async list(): Promise<readonly AttemptId[]> {
    await this.#wait(0);
    return [...this.#disk.attempts.keys()].sort(compareAttempts);
  }

  async remove(attempt: AttemptId): Promise<void> {
    await this.#wait(drawBufferedMs(this.#disk.timing));
    this.#disk.attempts.delete(attempt);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #find({ attempt, index }: ArtifactId): Content | undefined {
    return this.#disk.attempts.get(attempt)?.get(index);
  }

  #get(id: ArtifactId): Content {
    const contents = this.#disk.attempts.get(id.attempt) ?? new Map<number, Content>();
    this.#disk.attempts.set(id.attempt, contents);
    const none: Content = { is: 'partial', bytes: new Uint8Array(0), syncedBytes: 0, code: '' };
    const content = contents.get(id.index) ?? none;
    contents.set(id.index, content);
    return content;
  }

  async #wait(delayMs: number): Promise<void> {
    const isDead = this.#life !== this.#disk.lifeCount;
    if (isDead || this.#isClosed) throw new AppError('STORE_IO', 'The artifacts are closed.');
    if (delayMs > 0) await this.#disk.wait(delayMs, this.#life);
  }
}
